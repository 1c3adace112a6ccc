const VARIABLES = { postgres: 'DATABASE_URL', redis: 'REDIS_URL', nats: 'NATS_URL' } as const;

export type Server = keyof typeof VARIABLES;

/**
 * A suite that needs real servers. Without the environment variables that name them it is skipped, and the run
 * says so at its end (missing-servers.reporter.mjs knows a skipped suite by the end of its title).
 */
export function describeWith(servers: readonly Server[], title: string, suite: () => void): void {
  const missing = servers.map((server) => VARIABLES[server]).filter((name) => !process.env[name]);
  if (missing.length === 0) describe(title, suite);
  else describe.skip(`${title} [needs ${missing.join(' and ')}]`, suite);
}
