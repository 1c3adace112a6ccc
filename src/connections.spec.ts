import { describeConnections } from './connections.js';

const none = { DATABASE_URL: undefined, DATABASE_DIR: '.data', REDIS_URL: undefined, NATS_URL: undefined };

describe('What the service says it is connected to', () => {
  it('is itself, with nothing configured', () =>
    expect(describeConnections(none, undefined)).toBe(
      'database embedded in .data; cache in-process; events in-process; traces not exported',
    ));

  it('names that there is no cache where there would be none', () =>
    expect(describeConnections({ ...none, DATABASE_URL: 'postgres://db/basket' }, undefined)).toContain(
      '; cache none;',
    ));

  it('has hosts and names, and neither users nor passwords nor options', () => {
    const line = describeConnections(
      {
        DATABASE_URL: 'postgres://user:sekrit@db.example:5433/basket?sslpassword=sekrit',
        DATABASE_DIR: '.data',
        REDIS_URL: ['rediss://user:sekrit@one:6379/2', 'redis://:sekrit@two'],
        NATS_URL: ['tls://sekrit@bus:4222'],
      },
      { target: 'https://collector:4318', stop: () => Promise.resolve() },
    );
    expect(line).toBe(
      'database postgres://db.example:5433/basket; cache rediss://one:6379/2, redis://two; events tls://bus:4222; traces https://collector:4318',
    );
    expect(line).not.toContain('sekrit');
  });
});
