import { Body, ValidationPipe } from '@nestjs/common';
import type { ArgumentMetadata } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { MAX_COMMANDS, limits } from '../basket/basket.limits.js';
import { validationFailed } from './problems.js';
import type { FieldError } from './problems.js';

const MOST_DEPTH = 6;
const MOST_MEMBERS = 32;
const MOST_ERRORS = 100;
const MOST_ELEMENTS = Math.max(limits.maxLines, MAX_COMMANDS);

/** Bodies become instances of their classes; everything wrong with one is told at once. */
export class BodyValidationPipe extends ValidationPipe {
  constructor() {
    super({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      stopAtFirstError: true,
      validationError: { target: false, value: false },
      exceptionFactory: (errors) => validationFailed(flatten(errors, '#').slice(0, MOST_ERRORS)),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'body') {
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw validationFailed([{ pointer: '#', detail: 'must be a JSON object' }]);
      checkShape(value, '#', 1);
    }
    return (await super.transform(value, metadata)) as unknown;
  }
}

/** The body of a request, checked. Only what has a body pays for the check: a global pipe is awaited for each parameter of each route. */
export const ValidBody = () => Body(new BodyValidationPipe());

/**
 * class-transformer recurses, class-validator looks at each element and at each member, and both overlook names that every
 * object inherits, lists in place of objects, and null among them: what no body of ours has is refused before they start.
 */
function checkShape(value: object, pointer: string, depth: number): void {
  if (depth > MOST_DEPTH) throw validationFailed([{ pointer, detail: 'is nested too deep' }]);
  const list = Array.isArray(value);
  if (list && value.length > MOST_ELEMENTS)
    throw validationFailed([{ pointer, detail: `must contain no more than ${MOST_ELEMENTS} elements` }]);
  const names = Object.keys(value);
  if (!list && names.length > MOST_MEMBERS)
    throw validationFailed([{ pointer, detail: `must have no more than ${MOST_MEMBERS} fields` }]);
  for (const name of names) {
    const place = `${pointer}/${escape(name)}`;
    if (name in Object.prototype || name === 'prototype')
      throw validationFailed([{ pointer: place, detail: 'is not a known field' }]);
    const child = (value as Record<string, unknown>)[name];
    if (list && (Array.isArray(child) || child === null))
      throw validationFailed([{ pointer: place, detail: 'must be a JSON object' }]);
    if (typeof child === 'object' && child !== null) checkShape(child, place, depth + 1);
  }
}

function flatten(errors: readonly ValidationError[], parent: string): FieldError[] {
  return errors.flatMap(({ property, constraints = {}, children = [] }) => {
    const pointer = `${parent}/${escape(property)}`;
    const own = Object.entries(constraints).map(([constraint, message]) => ({
      pointer,
      detail: constraint === 'whitelistValidation' ? 'is not a known field' : message.replace(`${property} `, ''),
    }));
    return [...own, ...flatten(children, pointer)];
  });
}

/** RFC 6901, section 3. */
const escape = (token: string): string => token.replaceAll('~', '~0').replaceAll('/', '~1');
