// Where tests run: Node, with databases that the suites of a worker take turns at. To start an embedded one takes a second of the
// processor, and V8 compiles the server's code again for each; to create, migrate and drop one on a server takes half a second.
import { openAsBlob } from 'node:fs';
import { TestEnvironment } from 'jest-environment-node';

const { setTimeout } = globalThis;
const idle = new Map();

const idleOf = (kind) => idle.get(kind) ?? idle.set(kind, []).get(kind);

/** Starts one with what is in the image. PostgreSQL's timers, of a minute, would keep this process from its end. */
async function startEmbedded(image) {
  const { PGlite } = await import('@electric-sql/pglite');
  globalThis.setTimeout = (...args) => setTimeout(...args).unref();
  try {
    return await PGlite.create({ loadDataDir: await openAsBlob(image) });
  } finally {
    globalThis.setTimeout = setTimeout;
  }
}

export default class extends TestEnvironment {
  async setup() {
    await super.setup();
    // An object of its own: jest empties what a suite could reach when that has ended.
    this.global.idleDatabases = {
      take: (kind) => idleOf(kind).pop(),
      giveBack: (kind, database) => void idleOf(kind).push({ ...database }),
      startEmbedded,
    };
  }
}
