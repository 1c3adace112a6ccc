import type { PGlite } from '@electric-sql/pglite';

/** What the environment keeps for all suites of a worker, by what it is. */
interface Idle {
  /** On the server of DATABASE_URL, with this schema and nothing in it. */
  readonly server: { readonly url: string; readonly schema: string };
  /** The same, embedded. */
  readonly embedded: { readonly server: PGlite; readonly schema: string };
  /** An embedded one without a schema. */
  readonly bare: { readonly server: PGlite };
}

interface IdleDatabases {
  take<Kind extends keyof Idle>(kind: Kind): Idle[Kind] | undefined;
  giveBack<Kind extends keyof Idle>(kind: Kind, database: Idle[Kind]): void;
  /** One in memory, with what is in the image. */
  startEmbedded(image: string): Promise<PGlite>;
}

export const { idleDatabases } = globalThis as unknown as { readonly idleDatabases: IdleDatabases };
