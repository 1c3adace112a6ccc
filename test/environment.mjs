// Where tests run: Node, with embedded databases that all suites of a worker take turns at. To start one takes two seconds of
// the processor, to empty one a hundredth; and V8 compiles the server's code again for each.
import { openAsBlob } from 'node:fs';
import { TestEnvironment } from 'jest-environment-node';

const idle = [];

/** A database in memory that is the caller's alone. */
async function take() {
  const server = idle.pop();
  if (server) return server;
  const { PGlite } = await import('@electric-sql/pglite');
  return await PGlite.create({ loadDataDir: await openAsBlob(process.env.EMBEDDED_IMAGE) });
}

export default class extends TestEnvironment {
  async setup() {
    await super.setup();
    // An object of its own: jest empties what a suite could reach when that has ended.
    this.global.embeddedServers = { take: () => take(), giveBack: (server) => void idle.push(server) };
  }
}
