import { createHash } from 'node:crypto';
import { existsSync, globSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readConfig } from '../../src/config.js';
import { createDataSource } from '../../src/database/data-source.js';
import { EmbeddedPostgres } from '../../src/database/embedded-postgres.js';
import { migrate } from '../../src/database/migrate.js';
import { idleDatabases } from './idle-databases.js';

/** Of an empty database without a schema, which the global setup has made. */
export function bareImage(): string {
  const { EMBEDDED_IMAGE } = process.env;
  if (EMBEDDED_IMAGE === undefined) throw new Error('The global setup has not run.');
  return EMBEDDED_IMAGE;
}

let found: Promise<string> | undefined;

/** Of an empty database with the schema of the migrations as they are now; made once for them, which takes a second. */
export const migratedImage = (): Promise<string> => (found ??= findMigrated());

async function findMigrated(): Promise<string> {
  const bare = bareImage();
  const hash = createHash('sha256');
  // The latter has the list of those that are run.
  for (const file of [...globSync('migrations/*.ts').sort(), 'src/database/data-source.ts'])
    hash.update(readFileSync(file));
  const image = bare.replace(/\.tar$/, `-${hash.digest('hex').slice(0, 16)}.tar`);
  if (!existsSync(image)) await make(image, bare);
  return image;
}

async function make(image: string, bare: string): Promise<void> {
  const server = await idleDatabases.startEmbedded(bare);
  const embedded = EmbeddedPostgres.over(server);
  const source = await createDataSource(readConfig({}), { opened: { embedded, release: () => Promise.resolve() } });
  await source.initialize();
  await migrate(source, undefined);
  await source.destroy();
  const dump = await server.dumpDataDir('none');
  await embedded.close();
  const unfinished = `${image}.${process.pid}`;
  writeFileSync(unfinished, Buffer.from(await dump.arrayBuffer()));
  try {
    // Another worker may have been faster: its image is in use, and must stay as it is.
    linkSync(unfinished, image);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(unfinished);
  }
  for (const file of globSync(bare.replace(/\.tar$/, '-*.tar'))) if (file !== image) rmSync(file, { force: true });
}
