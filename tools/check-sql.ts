// npm run check:sql: all SQL of the service, parsed by PostgreSQL's own parser, against the rules for its engines.
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { loadModule, parseSync } from 'libpg-query';
import { ALLOWANCES, LEFT_OUT, OTHER_KEYS } from './sql/allowed.ts';
import { collect } from './sql/collect.ts';
import { flat } from './sql/literals.ts';
import { check } from './sql/rules.ts';
import type { Finding, Purpose } from './sql/rules.ts';
import { schemaOf } from './sql/schema.ts';
import type { Tree } from './sql/tree.ts';

const complaints: string[] = [];
/** The migrations that the service knows of, in the order in which it runs them. */
const registered: string[] = [];

const built = (file: string) => pathToFileURL(`dist/${file}`).href;

/** The service on an empty database in memory: whatever it builds when it is put together has been built then. */
async function start(): Promise<void> {
  const { createApp } = (await import(built('src/app.js'))) as typeof import('../src/app.js');
  const { readConfig } = (await import(built('src/config.js'))) as typeof import('../src/config.js');
  const { BasketDataSource, createDataSource } = (await import(
    built('src/database/data-source.js')
  )) as typeof import('../src/database/data-source.js');
  const app = await createApp(readConfig({ LOG_LEVEL: 'warn' }), (config) =>
    createDataSource(config, { inMemory: true }),
  );
  const { options } = app.get(BasketDataSource);
  if (options.migrationsTransactionMode !== 'none')
    complaints.push('src/database/data-source.ts: migrations run in transactions, which some statements refuse');
  for (const migration of options.migrations as (() => void)[]) registered.push(migration.name);
  await app.close();
}

/** Undefined when it cannot be parsed. */
function treesOf(text: string): Tree[] | undefined {
  try {
    return (parseSync(text).stmts ?? []).map(({ stmt }) => (stmt ?? {}) as unknown as Tree);
  } catch {
    return undefined;
  }
}

const timestampOf = (name: string): number => Number(/\d+$/.exec(name)?.[0]);
const byTimestamp = (one: string, other: string): number => timestampOf(one) - timestampOf(other);

await loadModule();
const { statements, migrations, gaps } = await collect(start, (text) => treesOf(text) !== undefined);
complaints.push(...gaps);
const met = new Set<unknown>();

const schema = schemaOf(
  migrations
    .filter(({ direction }) => direction === 'up')
    .flatMap(({ texts }) => texts.flatMap((text) => treesOf(text) ?? [])),
);
for (const file of Object.keys(LEFT_OUT))
  if (!existsSync(file)) complaints.push(`tools/sql/allowed.ts leaves out ${file}, which is not there`);
for (const table of Object.keys(OTHER_KEYS))
  if (!schema.tables.has(table)) complaints.push(`tools/sql/allowed.ts excepts ${table}, which is not there`);

/** @returns whether it is SQL at all */
function examine(file: string, text: string, purpose: Purpose, certain: boolean): boolean {
  const trees = treesOf(text);
  if (!trees && !certain) return false;
  const findings: Finding[] = trees
    ? check(trees, purpose, schema)
    : [{ rule: 'parse', detail: 'PostgreSQL cannot parse it' }];
  for (const finding of findings) complain(file, text, finding);
  return true;
}

function complain(file: string, text: string, { rule, detail }: Finding): void {
  const allowance = ALLOWANCES.find((one) => one.file === file && one.rule === rule && flat(text).startsWith(one.text));
  if (allowance) met.add(allowance);
  else complaints.push(`${file}: ${rule}: ${detail}\n    ${flat(text).slice(0, 160)}`);
}

const examined = statements.filter(({ file, text, certain }) => examine(file, text, 'statement', certain));
for (const { file, direction, texts } of migrations) {
  if (texts.length !== 1) complaints.push(`${file}: one-statement: ${direction} sends ${texts.length} statements`);
  for (const text of texts) examine(file, text, 'migration', true);
}
const made = [...new Set(migrations.map(({ name }) => name))];
if (made.sort(byTimestamp).join() !== registered.sort(byTimestamp).join())
  complaints.push(`src/database/data-source.ts knows of ${registered.join(', ')}; migrations/ has ${made.join(', ')}`);
for (const allowance of ALLOWANCES)
  if (!met.has(allowance))
    complaints.push(`tools/sql/allowed.ts: nothing needs the allowance for ${allowance.text} in ${allowance.file}`);

for (const complaint of complaints) process.stderr.write(`${complaint}\n`);
process.stdout.write(
  `${examined.length} statements in ${new Set(examined.map(({ file }) => file)).size} files, ${migrations.length / 2} migrations up and down: ` +
    `${complaints.length} complaints, ${met.size} allowances, ${Object.keys(OTHER_KEYS).length} tables with another key.\n`,
);
if (complaints.length > 0) process.exitCode = 1;
