import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Sources } from './collect.ts';
import { sqlLiterals } from './literals.ts';

describe('A string of the code', () => {
  it.each([
    `'SELECT 1'`,
    `'  \\n  WITH x AS (SELECT 1) SELECT * FROM x'`,
    '`SELECT 1`',
    '`SELECT ${columns} FROM t`',
    `'(SELECT 1)'`,
    `'-- why\\nSELECT 1'`,
    `'/* why */ DELETE FROM t'`,
    `'LISTEN baskets'`,
    `'SELECT ' + columns`,
  ])('is SQL for certain: %s', (code) => expect(sqlLiterals(code)).toMatchObject([{ certain: true }]));

  it.each([`'select 1'`, `'Delete the basket'`, `'BEGIN'`, '`select ${x} from t`'])('may be SQL: %s', (code) =>
    expect(sqlLiterals(code)).toMatchObject([{ certain: false }]),
  );

  it.each([`'end'`, `'close'`, '`merge:${x}`', `'selection'`, `'set-cookie'`, `'The basket'`, `SELECT`, `/SELECT 1/`])(
    'is none: %s',
    (code) => expect(sqlLiterals(code)).toEqual([]),
  );

  it('is one statement with all that stands inside it', () =>
    expect(sqlLiterals('`SELECT ${a.map(() => `SELECT ${b}`)} FROM t`')).toHaveLength(1));
});

describe('What is collected', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'basket-sql-'));
    write(
      'package.json',
      '{ "type": "module", "scripts": { "tool": "node dist/src/tool.js", "task": "node dist/bundle/task.js" } }',
    );
    write('dist/src/plain.js', `export const A = 'SELECT 1 FROM a';`);
    write('dist/migrations/1-t.js', migration(`await database.query('CREATE TABLE t (n int)');`));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** A built file, and the source it was built from. */
  function write(file: string, text: string): void {
    for (const [path, content] of [
      [file, text],
      [file.replace('dist/', '').replace('.js', '.ts'), ''],
    ] as const) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      if (path === file || path.endsWith('.ts')) writeFileSync(join(folder, path), content);
    }
  }

  const migration = (up: string) =>
    `export class T { async up(database) { ${up} } async down(database) { await database.query('DROP TABLE t'); } }`;

  /** In a process of its own: it hooks into how modules are loaded. */
  function collected(start = ''): Sources {
    const tool = pathToFileURL(resolve('tools/sql/collect.ts')).href;
    const script = `
      const { collect } = await import(${JSON.stringify(tool)});
      const load = (file) => import(${JSON.stringify(pathToFileURL(folder).href)} + '/dist/src/' + file);
      const found = await collect(async () => { ${start} }, (text) => text.includes('parsable'));
      console.log(JSON.stringify(found));`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: folder,
      encoding: 'utf8',
    });
    return JSON.parse(output) as Sources;
  }

  const texts = ({ statements }: Sources) => statements.map(({ text }) => text);

  it('is every literal, and what each migration sends', () => {
    const { statements, migrations, gaps } = collected();
    expect(statements).toEqual([{ file: 'src/plain.ts', text: 'SELECT 1 FROM a', certain: true }]);
    expect(migrations).toEqual([
      { file: 'migrations/1-t.ts', name: 'T', direction: 'up', texts: ['CREATE TABLE t (n int)'] },
      { file: 'migrations/1-t.ts', name: 'T', direction: 'down', texts: ['DROP TABLE t'] },
    ]);
    expect(gaps).toEqual([]);
  });

  it('is a template as it is when the module is loaded', () => {
    write(
      'dist/src/parts.js',
      `const C = ['a', 'b']; const B = { text: \`SELECT \${C.map((c) => \`t.\${c}\`).join(', ')} FROM t\` };`,
    );
    expect(texts(collected())).toContain('SELECT t.a, t.b FROM t');
  });

  it('is a template that is made when the service is put together', () => {
    write('dist/src/made.js', 'export const make = (table) => `DELETE FROM ${table}`;');
    const found = collected(`const { make } = await load('made.js'); make('one'); make('two');`);
    expect(texts(found)).toEqual(expect.arrayContaining(['DELETE FROM one', 'DELETE FROM two']));
    expect(found.gaps).toEqual([]);
  });

  it('lacks a template that nobody makes, and says so', () => {
    write('dist/src/made.js', 'export const make = (table) => `DELETE FROM ${table}`;');
    expect(collected().gaps).toEqual([expect.stringMatching(/^src\/made\.ts: nobody evaluates "DELETE FROM …"/)]);
    write('dist/src/made.js', 'export const make = (table) => `delete from ${table} /* parsable */`;');
    expect(collected().gaps).toHaveLength(1);
    write('dist/src/made.js', 'export const make = (table) => `delete the ${table}, please`;');
    expect(collected().gaps).toEqual([]);
  });

  it('lacks what a migration has and does not send, and says so', () => {
    write('dist/migrations/1-t.js', migration(`if (database.isCitus) await database.query('CREATE TABLE t (n int)');`));
    expect(collected().gaps).toEqual([
      expect.stringContaining('migrations/1-t.ts does not send "CREATE TABLE t (n int) …"'),
    ]);
  });

  it('lacks what TypeORM writes, and says so', () => {
    write('dist/src/orm.js', 'export const all = (source) => source.getRepository(Object).find();');
    expect(collected().gaps).toEqual([expect.stringContaining('src/orm.ts uses getRepository')]);
  });

  it.each(['tool', 'task'])('is read from a script that is not run: %s', (script) => {
    write(`dist/src/${script}.js`, `export const T = 'SELECT 2 FROM a'; process.exit(3);`);
    expect(texts(collected()).sort()).toEqual(['SELECT 1 FROM a', 'SELECT 2 FROM a']);
  });

  it('is nothing of what has no source any more', () => {
    write('dist/src/old.js', `export const T = 'SELECT 3 FROM a';`);
    rmSync(join(folder, 'src/old.ts'));
    expect(texts(collected())).toEqual(['SELECT 1 FROM a']);
  });
});
