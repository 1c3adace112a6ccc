import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { problems } from './problems.js';
import type { ProblemCode } from './problems.js';

@ApiSchema({ name: 'FieldError' })
class FieldErrorView {
  @ApiProperty({
    description: 'JSON pointer (RFC 6901) into the body, or #/path/…, #/query/… or #/headers/….',
    example: '#/quantity',
  })
  pointer!: string;

  @ApiProperty({ example: 'must not be less than 1' })
  detail!: string;
}

@ApiSchema({ name: 'Problem', description: 'Why a request was refused (RFC 9457).' })
export class ProblemView {
  @ApiProperty({ format: 'uri', description: 'Stable; names the kind of problem.' })
  type!: string;

  @ApiProperty({ description: 'The kind of problem in words.' })
  title!: string;

  @ApiProperty({ type: 'integer', description: 'The HTTP status.' })
  status!: number;

  @ApiProperty({ description: 'What was wrong this time.' })
  detail!: string;

  @ApiProperty({ required: false, description: 'The path of the request.' })
  instance?: string;

  @ApiProperty({ enum: Object.keys(problems), description: 'For programs to decide on.' })
  code!: ProblemCode;

  @ApiProperty({ description: 'Finds the request in the logs; also in X-Request-Id.' })
  requestId!: string;

  @ApiProperty({
    required: false,
    type: [FieldErrorView],
    description: 'With validation-failed: everything that is wrong.',
  })
  errors?: FieldErrorView[];

  @ApiProperty({
    required: false,
    type: 'integer',
    description: "With version-mismatch, and a conflict of a checkout: the version that the user's events are at.",
  })
  currentVersion?: number;

  @ApiProperty({
    required: false,
    type: 'integer',
    minimum: 0,
    description: 'With a batch: which of its commands was refused, counted from 0.',
  })
  index?: number;
}
