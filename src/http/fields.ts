import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsInt, IsUUID, Matches, Max, Min, ValidateBy, buildMessage } from 'class-validator';
import { MAX_USER_NAME, userNameProblem } from './user-name.js';

// A field of a request or answer: its check and its OpenAPI schema come from one declaration.

interface Described<T> {
  readonly description: string;
  readonly example: T;
}

/** A whole number; what JSON cannot hold exactly is refused with the bounds. */
export const IntegerField = (minimum: number, maximum: number, about: Described<number>) =>
  applyDecorators(
    ApiProperty({ type: 'integer', format: maximum < 2 ** 31 ? 'int32' : 'int64', minimum, maximum, ...about }),
    IsInt(),
    Min(minimum),
    Max(maximum),
  );

/** A string by its number of characters (code points, as JSON Schema counts), which PostgreSQL can store. */
export const TextField = (minLength: number, maxLength: number, about: Described<string>) =>
  applyDecorators(
    ApiProperty({ type: 'string', minLength, maxLength, ...about }),
    ValidateBy({
      name: 'text',
      validator: {
        validate: (value) => {
          if (typeof value !== 'string' || value.length > 2 * maxLength) return false;
          const length = Array.from(value).length;
          return length >= minLength && length <= maxLength && value.isWellFormed() && !value.includes('\0');
        },
        defaultMessage: buildMessage(
          () => `$property must be a text of ${minLength} to ${maxLength} characters, in valid Unicode and without NUL`,
        ),
      },
    }),
  );

/** Any UUID (RFC 9562), in either case; it is kept in lower case. */
export const UuidField = (about: Described<string>) =>
  applyDecorators(
    ApiProperty({ type: 'string', format: 'uuid', ...about }),
    Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.toLowerCase() : value)),
    IsUUID('loose'),
  );

export const PatternField = (pattern: RegExp, message: string, about: Described<string>) =>
  applyDecorators(
    ApiProperty({ type: 'string', pattern: pattern.source, ...about }),
    Matches(pattern, { message: `$property ${message}` }),
  );

/** A user's name, by the rules of the path parameter; it is kept in its canonical form. */
export const UserNameField = (about: Described<string>) =>
  applyDecorators(
    ApiProperty({ type: 'string', minLength: 1, maxLength: MAX_USER_NAME, ...about }),
    Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.normalize('NFC') : value)),
    ValidateBy({
      name: 'userName',
      validator: {
        validate: (value) => typeof value === 'string' && userNameProblem(value) === undefined,
        defaultMessage: (argument) =>
          typeof argument?.value === 'string' ? (userNameProblem(argument.value) ?? '') : 'must be a string',
      },
    }),
  );

/** ISO 8601, UTC, with milliseconds; in answers only. */
export const TimeField = (about: Described<string>) => ApiProperty({ type: 'string', format: 'date-time', ...about });
