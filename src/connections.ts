import type { Config } from './config.js';
import type { Tracing } from './telemetry/tracing.js';

type Servers = Pick<Config, 'DATABASE_URL' | 'DATABASE_DIR' | 'REDIS_URL' | 'NATS_URL'>;

/** What the service is connected to, in a line for the log: hosts and names, neither users nor passwords nor options. */
export function describeConnections(
  { DATABASE_URL, DATABASE_DIR, REDIS_URL, NATS_URL }: Servers,
  tracing: Tracing | undefined,
): string {
  const cacheWithout = DATABASE_URL === undefined ? 'in-process' : 'none';
  return [
    `database ${DATABASE_URL === undefined ? `embedded in ${DATABASE_DIR}` : placeOf(DATABASE_URL)}`,
    `cache ${REDIS_URL ? REDIS_URL.map(placeOf).join(', ') : cacheWithout}`,
    `events ${NATS_URL ? NATS_URL.map(placeOf).join(', ') : 'in-process'}`,
    `traces ${tracing ? tracing.target : 'not exported'}`,
  ].join('; ');
}

function placeOf(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
}
