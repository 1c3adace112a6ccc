import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const VARIABLES = { postgres: 'DATABASE_URL', redis: 'REDIS_URL', nats: 'NATS_URL' } as const;
/** Started by the tests themselves, where they are installed. */
type Program = 'prometheus' | 'promtool' | 'haproxy';

export type Server = keyof typeof VARIABLES | Program;

/**
 * A suite that needs real servers. Without the environment variables that name them, or the programs, it is skipped, and the run
 * says so at its end (missing-servers.reporter.mjs knows a skipped suite by the end of its title).
 */
export function describeWith(servers: readonly Server[], title: string, suite: () => void): void {
  const missing = servers.flatMap(lackOf);
  if (missing.length === 0) describe(title, suite);
  else describe.skip(`${title} [needs ${missing.join(' and ')}]`, suite);
}

function lackOf(server: Server): string[] {
  if (!isVariable(server)) return isInstalled(server) ? [] : [server];
  return process.env[VARIABLES[server]] ? [] : [VARIABLES[server]];
}

const isVariable = (server: Server): server is keyof typeof VARIABLES => server in VARIABLES;

const isInstalled = (program: string): boolean =>
  // Debian keeps some of them where only root looks.
  [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'].some((folder) => existsSync(join(folder, program)));
