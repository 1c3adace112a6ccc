import { setTimeout } from 'node:timers/promises';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, nanos } from '@nats-io/transport-node';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import type { CloudEvent } from '../../src/outbox/cloud-event.js';
import { checkDeliveries } from './deliveries.js';
import type { Delivery } from './deliveries.js';
import { without } from './guards.js';
import type { Guard } from './guards.js';
import { startNatsServer } from './nats-server.js';
import { openStore, until } from './outbox.js';
import { soon } from './store.js';
import { ServiceProcess } from './service-process.js';
import { sized } from './sizes.js';

const WRITERS = 16;
const BASKETS = 8;
const PROCESSES = sized(2, 3);
/** Messages after which a process is killed: fewer than it takes along in one go. */
const MIDST = 100;

export interface Trial {
  /** At least. */
  readonly events: number;
  /** Of a process, with -9, while it publishes; another one takes its place. */
  readonly kills: number;
  /** What the processes have other than as it is built. */
  readonly guards?: readonly Guard[];
}

export interface Outcome {
  readonly stored: number;
  /** What is wrong with what the bus has; see `checkDeliveries`. */
  readonly faults: readonly string[];
  /** How many messages processes sent that one had sent before; the bus drops those that come soon after. */
  readonly resent: number;
  /** Deliveries of what was delivered before, with the same message id. */
  readonly repeats: number;
  readonly seconds: number;
}

/**
 * Writers append to the outbox while processes of the service publish from it to a NATS that is killed once, too.
 * The stream forgets message ids as soon as it may, so that whoever reads it sees repeats.
 */
export async function tryPublishing({ events, kills, guards = [] }: Trial): Promise<Outcome> {
  const [store, nats] = await Promise.all([openStore(), startNatsServer()]);
  const started = performance.now();
  const processes: ServiceProcess[] = [];
  let traffic: Traffic | undefined;
  const hooks = without(guards);
  const env = { ...hooks.env, DATABASE_URL: store.url ?? '', NATS_URL: nats.url };
  const start = () => ServiceProcess.start(env, hooks.nodeArguments);
  try {
    await openForgetfulStream(nats.url);
    traffic = await Traffic.watch(nats.url);
    processes.push(...(await Promise.all(Array.from({ length: PROCESSES }, start))));
    const rounds = Math.ceil(events / (WRITERS * BASKETS * 2));
    const write = async (from: number, to: number) => {
      const writer = async (name: number) => {
        for (let round = from; round < to; round++)
          for (let basket = 0; basket < BASKETS; basket++) await store.append(`user-${name}-${basket}`, round * 2, 2);
      };
      await Promise.all(Array.from({ length: WRITERS }, (_, name) => writer(name)));
    };
    for (let kill = 0; kill < kills; kill++) {
      const flowing = traffic.next(MIDST);
      const writing = write(Math.floor((rounds * kill) / kills), Math.floor((rounds * (kill + 1)) / kills));
      await flowing;
      const isBusKilled = kill === Math.floor(kills / 2);
      // At once: later all may be published that is written here.
      await Promise.all([processes[kill % PROCESSES]?.end('SIGKILL'), isBusKilled && nats.kill()]);
      if (isBusKilled) {
        await setTimeout(500);
        await nats.start();
      }
      [processes[kill % PROCESSES]] = [await start()];
      await writing;
    }
    await until(async () => (await store.outbox.lag(soon())).events === 0, 'the outbox is empty', 120_000);
    const { rows } = await store.query<{ user_name: string; ids: string[] }>(
      'SELECT user_name, array_agg(event_id ORDER BY version) AS ids FROM domain_events GROUP BY user_name',
    );
    const all = new Map(rows.map(({ user_name, ids }) => [user_name, ids]));
    const { faults, repeats } = checkDeliveries(all, await deliveries(nats.url));
    const stored = [...all.values()].flat().length;
    return {
      stored,
      faults,
      resent: traffic.resent,
      repeats,
      seconds: Math.round((performance.now() - started) / 100) / 10,
    };
  } finally {
    await traffic?.close();
    await Promise.all(processes.map((process) => process[Symbol.asyncDispose]()));
    await nats.close();
    await store.close();
  }
}

/** In what way the promises were not kept; empty when they were. */
export function brokenPromises({ faults, resent, stored }: Outcome): string[] {
  // A process that is killed leaves what it had under way to be sent again. Nothing else is.
  return resent < stored / 4 ? [...faults] : [...faults, `${resent} of ${stored} events were sent again`];
}

/** A line for the log of a run. */
export const figuresOf = ({ stored, faults, resent, repeats, seconds }: Outcome): string =>
  `${stored} events of ${WRITERS} writers, ${PROCESSES} processes, ${seconds} s: ` +
  `${faults.length} lost or out of order, ${resent} sent again, ${repeats} delivered again with the same message id`;

export async function openForgetfulStream(url: string): Promise<void> {
  const connection = await connect({ servers: url });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: 'BASKET', subjects: ['basket.v1.>'], duplicate_window: nanos(100) });
  await connection.close();
}

/** Whatever is sent, also what the stream drops; not while the bus is away. */
class Traffic {
  resent = 0;
  private readonly seen = new Set<string>();
  private messages = 0;
  private waiting: { at: number; resolve: (value: undefined) => void } | undefined;

  private constructor(private readonly connection: NatsConnection) {
    connection.subscribe('basket.v1.>', { callback: (_, message) => this.take(message) });
  }

  static async watch(url: string): Promise<Traffic> {
    return new Traffic(await connect({ servers: url, maxReconnectAttempts: -1, reconnectTimeWait: 50 }));
  }

  /** Resolves with the last of the next messages, at the moment in which it is sent. */
  next(messages: number): Promise<undefined> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.waiting = { at: this.messages + messages, resolve };
    return promise;
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  private take({ headers }: Msg): void {
    const id = headers?.get('Nats-Msg-Id') ?? '';
    if (this.seen.has(id)) this.resent++;
    this.seen.add(id);
    if (++this.messages === this.waiting?.at) this.waiting.resolve(undefined);
  }
}

/** All that the stream has, in its order. */
export async function deliveries(url: string): Promise<Delivery[]> {
  const connection = await connect({ servers: url });
  try {
    const { state } = await (await jetstreamManager(connection)).streams.info('BASKET');
    const found: Delivery[] = [];
    const consumer = await jetstream(connection).consumers.get('BASKET');
    while (found.length < state.messages) {
      // For more than there are it would wait until that expires.
      const max_messages = Math.min(1000, state.messages - found.length);
      for await (const message of await consumer.fetch({ max_messages, expires: 2000 }))
        found.push(toDelivery(message.json<CloudEvent>(), message.headers?.get('Nats-Msg-Id')));
    }
    return found;
  } finally {
    await connection.close();
  }
}

export const toDelivery = (event: CloudEvent, messageId = event.id): Delivery => ({
  messageId,
  eventId: event.id,
  stream: event.subject,
  version: event.version,
});
