// The packages that tests load, joined to few files like those of the service. Jest finds, reads and compiles every file of a
// package anew for each suite, which was a third of what a suite cost that loads the application.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { APART, ONE_COPY, onLog } from './joining.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CACHE = join(ROOT, 'node_modules/.cache/basket');
/** Nearly no suite loads them. */
const SELDOM = ['@opentelemetry/sdk-node', 'pino-pretty'];
/** Besides the dependencies. */
const OTHERS = [
  'ajv',
  'ajv-formats',
  'ajv/dist/2020.js',
  'fast-check',
  'js-yaml',
  'supertest',
  'typeorm/driver/postgres/PostgresDriver.js',
];

/**
 * Joins them, unless those that are installed have been.
 *
 * @returns where each is, as jest's `moduleNameMapper`
 */
export async function testPackages() {
  const { dependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  const isApart = (name) => SELDOM.includes(name) || APART.some((apart) => apart.test(name));
  const names = [...Object.keys(dependencies), ...OTHERS].filter((name) => !isApart(name));
  const folder = join(CACHE, `packages-${await stampOf(names)}`);
  if (!existsSync(folder)) await joinTo(folder, names);
  return Object.fromEntries(names.map((name) => [`^${name}$`, join(folder, `${fileOf(name)}.mjs`)]));
}

/** Changes with what is installed, and with how it is joined. */
async function stampOf(names) {
  const hash = createHash('sha256').update(names.join());
  for (const file of ['node_modules/.package-lock.json', 'tools/joining.mjs', 'tools/test-packages.mjs'])
    hash.update(await readFile(join(ROOT, file)));
  return hash.digest('hex').slice(0, 16);
}

async function joinTo(folder, names) {
  const bundle = await rolldown({
    cwd: ROOT,
    input: Object.fromEntries(names.map((name) => [fileOf(name), `${PREFIX}${name}`])),
    platform: 'node',
    external: [...APART, ...SELDOM],
    plugins: [ENTRIES, ONE_COPY],
    onLog,
  });
  await mkdir(CACHE, { recursive: true });
  // Another process may be at it, too.
  const unfinished = await mkdtemp(join(CACHE, 'unfinished-'));
  await bundle.write({
    dir: unfinished,
    format: 'esm',
    entryFileNames: '[name].mjs',
    chunkFileNames: 'part-[name]-[hash].mjs',
  });
  await rename(unfinished, folder).catch(async (error) => {
    await rm(unfinished, { recursive: true });
    if (!existsSync(folder)) throw error;
  });
}

const PREFIX = 'package:';
const fileOf = (name) => name.replaceAll('/', '-');

/** Passes on what Node sees a package export: of CommonJS, too, which has no list of it. */
const ENTRIES = {
  name: 'entries',
  resolveId: (id) => (id.startsWith(PREFIX) ? { id: `\0${id}.mjs` } : null),
  async load(id) {
    if (!id.startsWith(`\0${PREFIX}`)) return null;
    const name = id.slice(1 + PREFIX.length, -'.mjs'.length);
    const names = Object.keys(await import(name)).filter((exported) => exported !== 'module.exports');
    return `export { ${names.join(', ')} } from ${JSON.stringify(name)};`;
  },
};
