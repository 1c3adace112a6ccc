import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { createApp } from '../../src/app.js';
import { eventTypes } from '../../src/basket/event-catalogue.js';
import { bucketOf } from '../../src/outbox/buckets.js';
import type { CloudEvent } from '../../src/outbox/cloud-event.js';
import type { InProcessPublisher } from '../../src/outbox/in-process.publisher.js';
import { Publisher } from '../../src/outbox/publisher.js';
import { makeAllHappen } from '../support/all-events.js';
import { createTestDatabase, testConfig } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { differences } from '../support/event-schemas.js';
import { startNatsServer } from '../support/nats-server.js';
import { until } from '../support/outbox.js';
import { describeWith } from '../support/servers.js';

let database: TestDatabase;
let app: NestFastifyApplication;

async function start(env: Record<string, string> = {}): Promise<void> {
  database = await createTestDatabase();
  app = await createApp(testConfig(database, env), database.open);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
}

async function stop(): Promise<void> {
  await app.close();
  await database.drop();
}

/** What happens last in `makeAllHappen`. */
const LAST = 'basket.v1.BasketCheckedOut';

const withoutPrefix = (type: string) => type.replace('basket.v1.', '');

/** Of one user: each as the contract says, in version order, and every type among them. */
function expectAllEvents(events: readonly CloudEvent[]): void {
  expect(events.flatMap((event) => differences(withoutPrefix(event.type), event))).toEqual([]);
  expect(events.map(({ version }) => version)).toEqual(events.map((_, at) => at + 1));
  expect([...new Set(events.map(({ type }) => withoutPrefix(type)))].toSorted()).toEqual(eventTypes.toSorted());
}

describe('Events of the service, in the process', () => {
  beforeAll(() => start());
  afterAll(stop);

  it('are what the contract says, all types of them', async () => {
    const seen: CloudEvent[] = [];
    app.get<Publisher, InProcessPublisher>(Publisher).subscribe((event) => void seen.push(event));
    const user = await makeAllHappen(app);
    const ofUser = () => seen.filter(({ subject }) => subject === user);
    await until(() => ofUser().at(-1)?.type === LAST, 'all are published');
    expectAllEvents(ofUser());
  });
});

describeWith(['nats'], 'Events of the service, on NATS', () => {
  let nats: Awaited<ReturnType<typeof startNatsServer>>;

  beforeAll(async () => {
    nats = await startNatsServer();
    await start({ NATS_URL: nats.url });
  });
  afterAll(async () => {
    await stop();
    await nats.close();
  });

  it('are what the contract says: subject, headers and body of all types', async () => {
    const user = await makeAllHappen(app);
    const connection = await connect({ servers: nats.url });
    try {
      const seen: CloudEvent[] = [];
      const stream = await until(
        () =>
          jetstream(connection)
            .streams.get('BASKET')
            .then(
              () => true,
              () => false,
            ),
        'there is a stream',
      ).then(() => jetstream(connection).consumers.get('BASKET', { filter_subjects: `basket.v1.${bucketOf(user)}.*` }));
      while (seen.at(-1)?.type !== LAST)
        for await (const message of await stream.fetch({ max_messages: 100, expires: 1000 })) {
          const event = message.json<CloudEvent>();
          if (event.subject !== user) continue;
          expect(message.subject).toBe(`basket.v1.${bucketOf(user)}.${withoutPrefix(event.type)}`);
          const headers = Object.fromEntries(
            [...(message.headers?.keys() ?? [])].map((name) => [name, message.headers?.get(name)]),
          );
          expect(differences('Headers', headers)).toEqual([]);
          expect(headers['Nats-Msg-Id']).toBe(event.id);
          seen.push(event);
          if (event.type === LAST) break; // A fetch waits for more.
        }
      expectAllEvents(seen);
    } finally {
      await connection.close();
    }
  });
});
