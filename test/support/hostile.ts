import type { Operation } from './contract.js';
import { sampleBody } from './contract.js';

/** Fills the braces of a declared path. */
export const targetOf = (
  { path }: Operation,
  { userName, productId }: { userName: string; productId: string },
): string => path.replace('{userName}', userName).replace('{productId}', productId);

const nested = (depth: number, open: string, close: string) => open.repeat(depth) + '1' + close.repeat(depth);

/** Bodies that no operation takes: each must be refused with this code. */
export const hostileBodies: Readonly<Record<string, readonly [body: string | Uint8Array, code: string]>> = {
  'a prototype key': ['{"__proto__":{"isAdmin":true}}', 'malformed-json'],
  'a prototype key in disguise': ['{"\\u005f_proto__":{"isAdmin":true}}', 'malformed-json'],
  'a prototype key deep inside': ['{"items":[{"productId":{"__proto__":1}}]}', 'malformed-json'],
  'a constructor with a prototype': ['{"constructor":{"prototype":{"isAdmin":true}}}', 'malformed-json'],
  'arrays in arrays': [nested(100_000, '[', ']'), 'validation-failed'],
  'objects in objects': [nested(40_000, '{"a":', '}'), 'validation-failed'],
  'arrays that never end': ['['.repeat(200_000), 'malformed-json'],
  'many unknown fields': [
    JSON.stringify(Object.fromEntries(Array.from({ length: 15_000 }, (_, at) => [`k${at}`, at]))),
    'validation-failed',
  ],
  'a long unknown field': [JSON.stringify({ ['k'.repeat(200_000)]: 1 }), 'validation-failed'],
  'an unknown field of a lone surrogate': ['{"\\ud800":1}', 'validation-failed'],
  'an unknown field of a NUL': ['{"\\u0000":1}', 'validation-failed'],
  'a raw NUL': ['{"a":"\0"}', 'malformed-json'],
  'two BOMs': ['\ufeff\ufeff{}', 'malformed-json'],
  'UTF-16': [Buffer.from('{"quantity":1}', 'utf16le'), 'malformed-json'],
  'bytes that are no UTF-8': [Buffer.from('{"a":"\xff\xfe"}', 'latin1'), 'malformed-json'],
  'an encoded surrogate': [Buffer.from('{"a":"\xed\xa0\x80"}', 'latin1'), 'malformed-json'],
  'an overlong slash': [Buffer.from('{"a":"\xc0\xaf"}', 'latin1'), 'malformed-json'],
  'a cut character': [Buffer.from('{"a":"\xe2\x82', 'latin1'), 'malformed-json'],
  'two documents': ['{}{}', 'malformed-json'],
  'a comment': ['{/* a */}', 'malformed-json'],
  'one quarter of a mebibyte of blanks': [' '.repeat(262_144), 'malformed-json'],
  'more than that': [' '.repeat(262_145), 'payload-too-large'],
};

/** What stands in for a number or a text of a body that is all right otherwise; `@` marks the place. */
export const hostileValues: readonly string[] = [
  '1e400',
  '-1e400',
  '9007199254740993',
  '1e-400',
  '1.0000000000000001e5',
  '123456789012345678901234567890',
  '-0.5',
  '"\\ud800"',
  '"\\u0000"',
  '"__proto__"',
  '{"toString":1}',
  '{"valueOf":null,"toString":null}',
  '{"length":1000000000}',
  '[[]]',
  '[null]',
  'null',
  'false',
  '"\\u202e"',
];

/** The sample body of an operation, with a value put in the place of each of its scalars in turn. */
export function* bodiesWith(operation: Operation, value: string): Generator<string> {
  const sample = JSON.stringify(sampleBody(operation));
  for (const { index, 0: scalar } of sample.matchAll(/(?<=:)("[^"]*"|\d+)/g))
    yield sample.slice(0, index) + value + sample.slice(index + scalar.length);
}
