import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { lockFolder } from './folder-lock.js';

describe('The lock of a folder', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'basket-lock-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is had once in a process, under whatever name of the folder, and says who has it', () => {
    const link = `${folder}-link`;
    symlinkSync(folder, link);
    const unlock = lockFolder(folder);
    try {
      for (const name of [folder, relative(process.cwd(), folder), link])
        expect(() => lockFolder(name)).toThrow(`Process ${process.pid} has the embedded database in ${name} open.`);
    } finally {
      unlock();
      rmSync(link);
    }
  });

  it('is free again when it was unlocked, and is not ended by one who had it before', () => {
    const first = lockFolder(folder);
    first();
    const second = lockFolder(folder);
    first();
    expect(() => lockFolder(folder)).toThrow(`Process ${process.pid} has`);
    second();
    lockFolder(folder)();
  });

  it('is held by another process until that is killed', async () => {
    const program = `
      const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
      const lock = new DatabaseSync(process.argv[1] + '/lock');
      lock.exec('BEGIN EXCLUSIVE');
      process.stdout.write('locked');
      setInterval(() => lock, 1000);`;
    const other = spawn(process.execPath, ['-e', program, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(other.stdout, 'data');
      expect(() => lockFolder(folder)).toThrow('has the embedded database');
    } finally {
      other.kill('SIGKILL');
      await once(other, 'exit');
    }
    lockFolder(folder)();
  });
});
