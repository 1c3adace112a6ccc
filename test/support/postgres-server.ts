import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, globSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import pg from 'pg';
import { ServerProcess, makeFolder } from './server-process.js';
import type { Account } from './server-process.js';

/** A PostgreSQL of the test's own, that listens on a Unix socket in its folder alone. */
export class PostgresServer extends ServerProcess {
  /** As DATABASE_URL takes it. */
  readonly url: string;

  private constructor(folder: string, account: Account) {
    super(folder, {
      command: binary('postgres'),
      // What a killed process wrote is with the kernel: it outlives the process without fsync, too.
      args: ['-D', join(folder, 'data'), '-k', folder, '-c', 'listen_addresses=', '-c', 'fsync=off'],
      account,
      ask: async () => {
        const client = new pg.Client({ connectionString: this.url });
        client.on('error', () => undefined); // The query rejects with it.
        try {
          await client.connect();
          await client.query('SELECT 1');
        } finally {
          await client.end();
        }
      },
    });
    this.url = `postgres://postgres@localhost/postgres?host=${encodeURIComponent(folder)}`;
  }

  static async start(): Promise<PostgresServer> {
    const folder = makeFolder('postgres');
    const account = unprivileged();
    const server = new PostgresServer(folder, account);
    try {
      if (account.uid !== undefined && account.gid !== undefined) chownSync(folder, account.uid, account.gid);
      const data = join(folder, 'data');
      const options = ['--username=postgres', '--auth=trust', '--encoding=UTF8', '--no-locale', '--no-sync'];
      execFileSync(binary('initdb'), ['-D', data, ...options], { ...account, cwd: folder, stdio: 'pipe' });
      await server.start();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }
}

/** PostgreSQL refuses to run as root; its package brings a user for it. */
function unprivileged(): Account {
  if (process.getuid?.() !== 0) return {};
  const id = (option: string) => Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** Debian and Ubuntu keep the servers of all versions off the PATH. */
function binary(name: string): string {
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    ...globSync('/usr/lib/postgresql/*/bin').sort().reverse(),
  ];
  const found = folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
  if (found === undefined) throw new Error(`${name} is not installed: it is in the package postgresql.`);
  return found;
}
