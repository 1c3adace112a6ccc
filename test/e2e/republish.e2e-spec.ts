import { execFile } from 'node:child_process';
import { deliveries, openForgetfulStream } from '../support/publishing.js';
import { startNatsServer } from '../support/nats-server.js';
import type { NatsServer } from '../support/nats-server.js';
import { openStore } from '../support/outbox.js';
import type { Store } from '../support/outbox.js';
import { describeWith } from '../support/servers.js';

interface Run {
  readonly code: number;
  readonly written: string;
  readonly errors: string;
}

/** What `npm run events:republish` runs once it has built. */
function republish(args: readonly string[], env: Record<string, string> = {}): Promise<Run> {
  return new Promise((resolve) => {
    const options = { env: { PATH: process.env.PATH, ...env } };
    execFile(process.execPath, ['dist/bundle/republish.js', ...args], options, (error, written, errors) =>
      // How far it is, it tells once a second.
      resolve({ code: Number(error?.code ?? 0), written: written.replace(/^\d+ of \d+ \(.*\)\n/gm, ''), errors }),
    );
  });
}

describe('events:republish, called in the wrong way', () => {
  it.each([
    ['no time', [], '--since must be an ISO 8601 time.'],
    ['a time that is none', ['--since', 'yesterday'], '--since must be an ISO 8601 time.'],
    ['a local time', ['--since', '2026-01-01T00:00:00'], '--since must be an ISO 8601 time.'],
    ['something else', ['--since', '2026-01-01', '--all'], "Unknown option '--all'"],
  ])('says what it wants when it gets %s', async (_, args, message) => {
    const { code, errors } = await republish(args);
    expect(code).toBe(1);
    expect(errors).toContain(message);
    expect(errors).toContain('Usage: npm run events:republish -- --since');
  });

  it('says that there is no bus', async () => {
    const { code, errors } = await republish(['--since', '2026-01-01']);
    expect(code).toBe(1);
    expect(errors).toContain('NATS_URL is not set');
  });
});

describeWith(['postgres', 'nats'], 'events:republish', () => {
  let store: Store;
  let nats: NatsServer;
  let env: Record<string, string>;

  beforeAll(async () => {
    [store, nats] = await Promise.all([openStore(), startNatsServer()]);
    env = { DATABASE_URL: store.url ?? '', NATS_URL: nats.url };
    await openForgetfulStream(nats.url);
  });

  afterAll(async () => {
    await nats.close();
    await store.close();
  });

  it('sends what was published once more: all of it, or that of one user, with the same ids', async () => {
    await store.append('a', 0, 1200);
    await store.append('zoë', 0, 3);
    await store.query('DELETE FROM outbox');
    expect(await republish(['--since', '2000-01-01'], env)).toEqual({
      code: 0,
      written: '1203 events to send.\n1203 events sent.\n',
      errors: '',
    });
    // A decomposed ë is the same user.
    const one = await republish(['--since', '2000-01-01T00:00:00+01:00', '--user', 'zoe\u0308'], env);
    expect(one).toMatchObject({ code: 0, written: '3 events to send.\n3 events sent.\n' });
    const all = await deliveries(nats.url);
    expect(all.map(({ stream, version }) => `${stream} ${version}`).filter((name) => name.startsWith('zoë'))).toEqual([
      'zoë 1',
      'zoë 2',
      'zoë 3',
      'zoë 1',
      'zoë 2',
      'zoë 3',
    ]);
    expect(all.filter(({ stream }) => stream === 'a').map(({ version }) => version)).toEqual(
      Array.from({ length: 1200 }, (_, at) => at + 1),
    );
    const { rows } = await store.query<{ event_id: string }>('SELECT event_id FROM domain_events');
    expect(new Set(all.map(({ messageId }) => messageId))).toEqual(new Set(rows.map(({ event_id }) => event_id)));
  });

  it('sends nothing that has not happened since', async () => {
    expect(await republish(['--since', '2999-01-01'], env)).toMatchObject({
      code: 0,
      written: '0 events to send.\n0 events sent.\n',
    });
  });
});
