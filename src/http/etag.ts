import type { Precondition } from '../basket/domain/decisions.js';
import { validationFailed } from './problems.js';

/** The entity tag of a version; strong, because equal versions are equal byte for byte. */
export const etagOf = (version: number): string => `"${version}"`;

const ENTITY_TAG = /^(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"$/;

interface EntityTag {
  readonly weak: boolean;
  readonly opaque: string;
}

/** `*`, or the tags of a list (RFC 9110, section 8.8.3). A comma inside a tag cannot be one of ours. */
function parse(header: string, name: string): '*' | EntityTag[] {
  if (header.trim() === '*') return '*';
  // Empty elements of a list mean nothing (RFC 9110, section 5.6.1.2).
  const parts = header.split(',').filter((part) => part.trim() !== '');
  if (parts.length === 0) throw malformed(name);
  return parts.map((part) => {
    const tag = ENTITY_TAG.exec(part.trim());
    if (!tag) throw malformed(name);
    return { weak: tag[1] !== undefined, opaque: tag[2] ?? '' };
  });
}

const malformed = (name: string) =>
  validationFailed([{ pointer: `#/headers/${name}`, detail: 'must be * or entity tags such as "7"' }]);

const versionOf = (opaque: string): number => (/^[1-9]\d*$/.test(opaque) ? Number(opaque) : Number.NaN);

/** `If-Match` compares strongly, so a weak tag matches nothing; `If-None-Match` weakly (RFC 9110, section 13.1). */
export function preconditionOf(headers: {
  readonly 'if-match'?: string | undefined;
  readonly 'if-none-match'?: string | undefined;
}): Precondition | undefined {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers;
  if (ifMatch === undefined && ifNoneMatch === undefined) return undefined;
  const match = ifMatch === undefined ? undefined : parse(ifMatch, 'if-match');
  const noneMatch = ifNoneMatch === undefined ? undefined : parse(ifNoneMatch, 'if-none-match');
  return {
    ...(match && { match: match === '*' ? '*' : versionsOf(match.filter(({ weak }) => !weak)) }),
    ...(noneMatch && { noneMatch: noneMatch === '*' ? '*' : versionsOf(noneMatch) }),
  };
}

const versionsOf = (tags: readonly EntityTag[]): number[] => tags.map(({ opaque }) => versionOf(opaque));

/** Whether a reader's `If-None-Match` says that it has this version; it compares weakly (RFC 9110, section 13.1.2). */
export function isKnown(ifNoneMatch: string | undefined, version: number): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch === etagOf(version)) return true;
  const tags = parse(ifNoneMatch, 'if-none-match');
  return tags === '*' || tags.some(({ opaque }) => versionOf(opaque) === version);
}
