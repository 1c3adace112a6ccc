import { readFileSync } from 'node:fs';
import type { Env } from './service-process.js';

/** A piece of the built service that a negative control does without. */
export interface Guard {
  /** Below dist/src. */
  readonly file: string;
  /** It must be there once. */
  readonly guard: string;
  readonly instead: string;
}

/** @throws Error when the code has changed, and the control that does without it would only be seen to fail in the long form */
export function guard(one: Guard): Guard {
  const parts = readFileSync(`dist/src/${one.file}`, 'utf8').split(one.guard);
  if (parts.length !== 2) throw new Error(`dist/src/${one.file} has ${parts.length - 1} times: ${one.guard}`);
  return one;
}

/** Without it a repeat of what had taken effect takes effect again. */
export const KEYS = guard({ file: 'http/idempotency.js', guard: "headers['idempotency-key']", instead: 'undefined' });

/** Without it processes overwrite each other's writes. */
export const VERSION = guard({
  file: 'event-store/append.js',
  guard: 'AND projection.version = target.expected',
  instead: '',
});

/** What starts a service without them, and what it says then. */
export function without(guards: readonly Guard[]): { env: Env; nodeArguments: readonly string[]; errors: string } {
  if (guards.length === 0) return { env: {}, nodeArguments: [], errors: '' };
  return {
    env: { TEST_WITHOUT: JSON.stringify(guards) },
    nodeArguments: ['--import', './test/support/without-guard.mjs'],
    errors: 'A guard is out.\n'.repeat(guards.length),
  };
}
