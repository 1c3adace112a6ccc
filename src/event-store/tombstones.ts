import { createHmac } from 'node:crypto';

/** Of a row of `erased_streams`. */
export interface Tombstone {
  tombstone: string;
  version: number;
}

/**
 * What stands for the name of an erased user: a digest that nobody can check a guess against who lacks the secret. The
 * first secret makes new ones, all of them are looked for, so a secret can be replaced. The empty one is always among
 * them: tombstones that were made before there was a secret are found for good.
 */
export class Tombstones {
  private readonly secrets: readonly [string, ...string[]];

  constructor([first, ...others]: readonly string[] = []) {
    this.secrets = first === undefined ? [''] : [first, ...others, ''];
  }

  /** Where a new one goes. */
  of(stream: string): string {
    return digest(this.secrets[0], stream);
  }

  /** Where there may be one. */
  allOf(stream: string): string[] {
    return this.secrets.map((secret) => digest(secret, stream));
  }

  /**
   * Where the erased ones of these streams have ended.
   *
   * @param find the rows of those tombstones that there are
   */
  async versionsOf(
    streams: readonly string[],
    find: (tombstones: readonly string[]) => Promise<readonly Tombstone[]>,
  ): Promise<Map<string, number>> {
    const streamOf = new Map(streams.flatMap((stream) => this.allOf(stream).map((key) => [key, stream] as const)));
    const versions = new Map<string, number>();
    for (const { tombstone, version } of await find([...streamOf.keys()])) {
      const stream = streamOf.get(tombstone) ?? '';
      versions.set(stream, Math.max(version, versions.get(stream) ?? 0));
    }
    return versions;
  }
}

/** 43 characters of base64url (RFC 4648, section 5). */
const digest = (secret: string, stream: string) => createHmac('sha256', secret).update(stream).digest('base64url');
