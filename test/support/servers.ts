import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const VARIABLES = { postgres: 'DATABASE_URL', redis: 'REDIS_URL', nats: 'NATS_URL' } as const;
/** Started by the tests themselves, where they are installed. */
type Program = 'prometheus' | 'promtool';

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
  if (server === 'prometheus' || server === 'promtool') return isInstalled(server) ? [] : [server];
  return process.env[VARIABLES[server]] ? [] : [VARIABLES[server]];
}

const isInstalled = (program: string): boolean =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
