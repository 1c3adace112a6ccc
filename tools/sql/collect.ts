import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { MigrationInterface } from 'typeorm';
import { flat, instrument, sqlLiterals } from './literals.ts';
import type { Literal } from './literals.ts';
import { LEFT_OUT } from './allowed.ts';

export interface Collected {
  /** From the root of the repository. */
  readonly file: string;
  readonly text: string;
  /** In capitals: SQL even if it cannot be parsed. */
  readonly certain: boolean;
}

export interface Sources {
  readonly statements: readonly Collected[];
  /** What each direction of each migration sends. */
  readonly migrations: readonly {
    readonly file: string;
    readonly name: string;
    readonly direction: 'up' | 'down';
    readonly texts: string[];
  }[];
  /** Reasons why the collection cannot be whole. */
  readonly gaps: readonly string[];
}

const DIST = resolve('dist');
/** Ways round: SQL that TypeORM writes stands in no literal. */
const HIDDEN = /\b(getRepository|createQueryBuilder|getMongoRepository|EntityManager|\.manager)\b/;

type Reports = (text: string) => void;

/**
 * All SQL of the built service. Plain literals are taken from the files. Templates with parts are taken from the running
 * program: each reports what it makes, while all modules are loaded and the service is put together once. A template
 * that has not reported by then is a gap, and so is a migration with a literal that it did not send.
 *
 * @param start puts the service together and takes it apart again
 * @param canBeParsed tells SQL from prose that begins like it
 */
export async function collect(start: () => Promise<void>, canBeParsed: (text: string) => boolean): Promise<Sources> {
  const gaps: string[] = [];
  const statements: Collected[] = [];
  const silent = new Map<string, Literal>();
  const files = builtFiles('src').filter((file) => !(sourceOf(file) in LEFT_OUT));
  const byUrl = new Map(files.map((file) => [pathToFileURL(join(DIST, file)).href, file]));

  const instrumentFile = (file: string, source: string): string => {
    const literals = sqlLiterals(source);
    const templates = literals.filter(({ isTemplate }) => isTemplate);
    for (const { text, isTemplate, certain } of literals)
      if (!isTemplate) statements.push({ file: sourceOf(file), text, certain });
    const reports: Reports[] = templates.map((literal, at) => {
      const id = `${file}#${at}`;
      if (literal.certain || canBeParsed(literal.text)) silent.set(id, literal);
      return (text) => {
        silent.delete(id);
        statements.push({ file: sourceOf(file), text, certain: literal.certain });
      };
    });
    const name = `__sql_${statements.length}_${silent.size}_${Math.random().toString(36).slice(2)}`;
    Object.assign(globalThis, {
      [name]: (at: number, text: string) => {
        reports[at]?.(text);
        return text;
      },
    });
    return instrument(source, templates, name);
  };

  const hooks = registerHooks({
    load: (url, context, next) => {
      const loaded = next(url, context);
      const file = byUrl.get(url);
      if (file === undefined) return loaded;
      return { ...loaded, source: instrumentFile(file, readFileSync(fileURLToPath(url), 'utf8')) };
    },
  });
  for (const file of files) {
    const source = readFileSync(join(DIST, file), 'utf8');
    const hidden = HIDDEN.exec(source)?.[0];
    if (hidden !== undefined) gaps.push(`${sourceOf(file)} uses ${hidden}: what SQL that becomes cannot be seen`);
    // What stands in a script that does something when it is loaded is read, not run.
    if (isScript(file)) instrumentFile(file, source);
    else await import(pathToFileURL(join(DIST, file)).href);
  }
  await start();
  hooks.deregister();
  for (const [id, { head }] of silent)
    gaps.push(`${sourceOf(id.split('#', 1)[0] ?? '')}: nobody evaluates "${head} …". Make it a constant.`);

  const migrations = [];
  for (const file of builtFiles('migrations')) {
    const sent = await migrationOf(file);
    migrations.push(...sent);
    const texts = sent.flatMap(({ texts }) => texts);
    for (const { text, isTemplate, head } of sqlLiterals(readFileSync(join(DIST, file), 'utf8')))
      if (isTemplate || !texts.includes(text)) gaps.push(`${sourceOf(file)} does not send "${head} …" as it stands`);
  }
  return { statements: distinct(statements), migrations, gaps };
}

/** Runs a migration up and down against nothing, and hears what it sends. */
async function migrationOf(file: string) {
  const module = (await import(pathToFileURL(join(DIST, file)).href)) as Record<string, new () => MigrationInterface>;
  const sent = [];
  for (const Migration of Object.values(module))
    for (const direction of ['up', 'down'] as const) {
      const texts: string[] = [];
      const runner = { query: (text: string) => Promise.resolve(void texts.push(text)) };
      await new Migration()[direction](runner as unknown as Parameters<MigrationInterface['up']>[0]);
      sent.push({ file: sourceOf(file), name: Migration.name, direction, texts });
    }
  return sent;
}

/** The files of a folder of dist/ that still have a source. */
function builtFiles(folder: string): string[] {
  return readdirSync(join(DIST, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => join(folder, file))
    .filter((file) => file.endsWith('.js') && existsSync(sourceOf(file)))
    .sort();
}

const sourceOf = (file: string): string => file.replaceAll(sep, '/').replace(/\.js$/, '.ts');

/** Those that package.json starts by name, as they are or in the bundle. */
const isScript = (file: string): boolean =>
  new RegExp(`\\bdist/(src|bundle)/${relative('src', file).replaceAll(sep, '/').replaceAll('.', '\\.')}\\b`).test(
    readFileSync('package.json', 'utf8'),
  );

const distinct = (statements: readonly Collected[]): Collected[] => [
  ...new Map(statements.map((one) => [`${one.file} ${flat(one.text)}`, one])).values(),
];
