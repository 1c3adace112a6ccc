import { setTimeout } from 'node:timers/promises';
import type { Database, Statement } from '../database/database.js';
import { EVENT_COLUMNS } from '../event-store/statements.js';
import { toStoredEvent } from '../event-store/stored-event.js';
import type { EventRecord, StoredEvent } from '../event-store/stored-event.js';
import { toMessage } from './cloud-event.js';
import { PoisonMessageError } from './publisher.js';
import type { Publisher } from './publisher.js';

const PAGE_SIZE = 1000;
const LANES = 64;
/** A page may have to look at the whole table. */
const STATEMENT_MS = 120_000;
const ATTEMPTS = 6;

/**
 * What still has a pointer the relay will publish, after what is in front of it: whoever got a later event first would
 * see the basket's events out of order.
 */
const SELECTED = `occurred_at >= $1 AND ($2::text IS NULL OR user_name = $2) AND NOT EXISTS (
             SELECT FROM outbox AS waiting
             WHERE waiting.user_name = event.user_name AND waiting.version <= event.version)`;

const COUNT: Statement = {
  name: 'replay-count',
  replan: true,
  text: `SELECT count(*)::integer AS events FROM domain_events AS event WHERE ${SELECTED}`,
};

const PAGE: Statement = {
  name: 'replay-page',
  replan: true,
  text: `SELECT ${EVENT_COLUMNS} FROM domain_events AS event
         WHERE ${SELECTED} AND (user_name, version) > ($3, $4) ORDER BY user_name, version LIMIT $5`,
};

export interface Selection {
  /** Events that happened at this time or later. */
  readonly since: Date;
  /** Of one user only. */
  readonly userName?: string | undefined;
}

export interface Replayed {
  readonly sent: number;
  /** Events that the bus will never take, and why; what comes behind in their baskets is left out. */
  readonly refused: readonly { readonly event: StoredEvent; readonly reason: string }[];
}

/** Sends what was published before once more, from the store: the same ids, the events of a basket in version order. */
export class Replay {
  constructor(
    private readonly database: Database,
    private readonly publisher: Publisher,
    private readonly pauseMs = 500,
  ) {}

  async count({ since, userName }: Selection): Promise<number> {
    const { rows } = await this.database.query<{ events: number }>(COUNT, [since, userName ?? null], deadline());
    return rows[0]?.events ?? 0;
  }

  /**
   * @param onProgress is told now and then how many have been sent
   * @throws Error when the bus takes nothing for some 15 seconds; doing it again does no harm
   */
  async run({ since, userName }: Selection, onProgress: (sent: number) => void): Promise<Replayed> {
    const refused: { event: StoredEvent; reason: string }[] = [];
    let sent = 0;
    let last = { stream: '', version: 0 };
    for (;;) {
      const values = [since, userName ?? null, last.stream, last.version, PAGE_SIZE];
      const { rows } = await this.database.query<EventRecord>(PAGE, values, deadline());
      const left = new Set(refused.map(({ event }) => event.stream));
      const page = rows.map(toStoredEvent).filter(({ stream }) => !left.has(stream));
      const streams = Map.groupBy(page, ({ stream }) => stream).values();
      const lane = async () => {
        for (const events of streams)
          for (const event of events) {
            const reason = await this.send(event);
            if (reason !== undefined) {
              refused.push({ event, reason });
              break;
            }
            sent++;
          }
      };
      await Promise.all(Array.from({ length: LANES }, lane));
      onProgress(sent);
      const end = rows.at(-1);
      if (!end || rows.length < PAGE_SIZE) return { sent, refused };
      last = { stream: end.user_name, version: end.version };
    }
  }

  /** @returns why the bus will never take it */
  private async send(event: StoredEvent): Promise<string | undefined> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.publisher.publish(toMessage(event));
        return undefined;
      } catch (error) {
        if (error instanceof PoisonMessageError) return error.message;
        if (attempt === ATTEMPTS) throw error;
        await setTimeout(this.pauseMs * 2 ** (attempt - 1));
      }
    }
  }
}

const deadline = (): number => performance.now() + STATEMENT_MS;
