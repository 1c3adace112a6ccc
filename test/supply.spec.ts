import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Entry {
  resolved?: string;
  integrity?: string;
  version?: string;
  license?: string;
  hasInstallScript?: boolean;
  link?: boolean;
}
interface Lock {
  readonly packages: Record<string, Entry>;
}
interface Manifest {
  dependencies: Record<string, string>;
}

const read = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'basket-supply-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const run = (args: readonly string[]) =>
  new Promise<{ code: number; output: string }>((done) => {
    execFile(process.execPath, args, (error, stdout, stderr) =>
      done({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
    );
  });

describe('The check of the lockfile', () => {
  const check = (lock: unknown = read('package-lock.json'), manifest: unknown = read('package.json')) => {
    const files = [join(folder, 'lock.json'), join(folder, 'manifest.json')] as const;
    writeFileSync(files[0], JSON.stringify(lock));
    writeFileSync(files[1], JSON.stringify(manifest));
    return run(['tools/check-lockfile.mjs', ...files]);
  };

  it('takes ours', async () => {
    expect(await check()).toMatchObject({ code: 0, output: expect.stringMatching(/^\d+ packages: /) as string });
  });

  const tampering: Record<string, readonly [change: Entry, problem: string]> = {
    'a source of its own': [{ resolved: 'https://evil.example/pg.tgz' }, 'has a source of its own'],
    'a git source': [{ resolved: 'git+ssh://git@evil.example/pg.git' }, 'has a source of its own'],
    'no integrity': [{ integrity: '' }, 'has no SHA-512 integrity'],
    'a weak integrity': [{ integrity: 'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=' }, 'has no SHA-512 integrity'],
    'a version that is none': [{ version: 'file:../pg' }, 'is no version of a registry'],
    'an install script': [{ hasInstallScript: true }, 'has an install script that allowScripts does not decide on'],
    'a licence that takes ours over': [{ license: 'AGPL-3.0-only' }, 'licence AGPL-3.0-only'],
    'one of two licences that we may not use': [
      { license: '(MIT AND GPL-3.0-only)' },
      'licence (MIT AND GPL-3.0-only)',
    ],
    'a link to elsewhere': [{ link: true, resolved: '../elsewhere' }, 'links to ../elsewhere'],
  };

  it.each(Object.entries(tampering))('finds %s', async (_, [change, problem]) => {
    const lock = read('package-lock.json') as Lock;
    Object.assign(lock.packages['node_modules/pg'] ?? {}, change);
    const { code, output } = await check(lock);
    expect(code).toBe(1);
    expect(output).toMatch(/^node_modules\/pg: [^\n]*\n$/);
    expect(output).toContain(problem);
  });

  it('finds no licence', async () => {
    const lock = read('package-lock.json') as Lock;
    delete lock.packages['node_modules/pg']?.license;
    expect(await check(lock)).toEqual({ code: 1, output: 'node_modules/pg: licence unknown\n' });
  });

  it('leaves a choice of licences, and workspaces of ours, alone', async () => {
    const lock = read('package-lock.json') as Lock;
    Object.assign(lock.packages['node_modules/pg'] ?? {}, { license: '(GPL-3.0-only OR MIT)' });
    lock.packages['node_modules/basket-client'] = { link: true, resolved: 'client' };
    lock.packages.client = { version: '0.1.0' };
    expect((await check(lock)).code).toBe(0);
  });

  it('finds ranges, and a manifest that says something else', async () => {
    const manifest = read('package.json') as Manifest;
    manifest.dependencies.pg = '^8.0.0';
    const { code, output } = await check(undefined, manifest);
    expect(code).toBe(1);
    expect(output).toContain('pg: ^8.0.0 is not an exact version');
    expect(output).toContain('dependencies of the manifest and the lockfile differ');
  });
});

describe('The search for secrets', () => {
  const search = (text: string) => {
    const file = join(folder, 'planted.txt');
    writeFileSync(file, text);
    return run(['tools/check-secrets.mjs', file]);
  };

  // Put together here: the search goes through this file, too.
  const secrets: Record<string, () => string> = {
    'a private key': () =>
      generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs1', format: 'pem' }),
    'a connection string with a password': () =>
      ['postgres://basket', 'correct-horse@db.example:5432/basket'].join(':'),
    'a token of a code host': () => `ghp_${'a1B2c3D4e5'.repeat(4).slice(0, 36)}`,
  };

  it.each(Object.entries(secrets))('finds %s', async (_, secret) => {
    const planted = secret();
    const { code, output } = await search(planted);
    expect(code).toBe(1);
    expect(output).toContain('planted.txt:1: ');
    // It goes into the logs of CI.
    expect(output).not.toContain(planted.trim().slice(-60));
  });

  it('finds nothing where there is none: the control', async () => {
    expect(await search('postgres://basket@db.example:5432/basket')).toEqual({
      code: 0,
      output: '1 files: no secrets.\n',
    });
  });
});
