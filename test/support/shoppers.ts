import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { eventually } from './eventually.js';
import type { Read, Write } from './history-checker.js';
import { HttpClient } from './http-client.js';
import type { Call, Reply } from './http-client.js';
import { basketOf } from './shopping.js';

/** One request on the wire. */
export interface Answered {
  readonly kind: 'write' | 'read';
  /** 0 when there was no answer. */
  readonly status: number;
  /** Of a problem document, or of the network's error. */
  readonly code: string | undefined;
  readonly retryAfter: string | undefined;
  readonly start: number;
  readonly ms: number;
}

interface Plan {
  /** Where the service is; each request goes to the next one. */
  readonly urls: () => readonly string[];
  readonly clients?: number;
  /** Whether a write that was not acknowledged is sent again, with the same key, until it is. */
  readonly persistent?: boolean;
  /** Before each request. */
  readonly pauseMs?: number;
  /** Of a client, for a sign of life. */
  readonly patienceMs?: number;
}

/** Three of them share a basket. */
const CLIENTS = 12;
const CLIENTS_A_BASKET = 3;
/** Of a client, in a basket; the next ones go into another basket. */
const ROUNDS_A_BASKET = 20;
const RETRY_MS = 50;
/** What leaves room on a machine of two processors for a process that starts. */
const PAUSE_MS = 20;
const PATIENCE_MS = 30_000;

/** Clients that add, change, remove and read, and write down what they asked for, when, and what they were told. */
export class Shoppers implements AsyncDisposable {
  readonly writes: Write[] = [];
  readonly reads: Read[] = [];
  readonly answers: Answered[] = [];
  private readonly http: HttpClient;
  private readonly clients: Promise<unknown>;
  private isStopping = false;
  private turns = 0;

  constructor(private readonly plan: Plan) {
    this.http = new HttpClient(plan.patienceMs);
    const run = randomUUID();
    const names = Array.from({ length: plan.clients ?? CLIENTS }, (_, at) => Math.floor(at / CLIENTS_A_BASKET));
    this.clients = Promise.all(names.map((name) => this.shop(`${run}-${name}`)));
  }

  /** Waits until this many requests more were answered. @returns these */
  async goOn(requests: number): Promise<Answered[]> {
    const from = this.answers.length;
    await eventually(() => this.answers.length >= from + requests, PATIENCE_MS);
    return this.answers.slice(from);
  }

  /** Resolves when all have their answers. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await this.clients;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.http[Symbol.dispose]();
  }

  private async shop(name: string): Promise<void> {
    for (let round = 0; !this.isStopping; round++) {
      const basket = `${name}-${Math.floor(round / ROUNDS_A_BASKET)}`;
      const path = `${basketOf(basket)}/items`;
      const productId = randomUUID();
      const item = { productId, productName: 'Field notebook', unitPrice: 1250, quantity: 1, currency: 'EUR' };
      const isIn = await this.write(basket, `add ${productId}`, { method: 'POST', path, body: item });
      await this.read(basket);
      if (!isIn) continue;
      const line = `${path}/${productId}`;
      await this.write(basket, `change ${productId} 2`, { method: 'PATCH', path: line, body: { quantity: 2 } });
      await this.read(basket);
      if (round % 2 === 0) await this.write(basket, `remove ${productId}`, { method: 'DELETE', path: line });
    }
  }

  private async write(basket: string, effect: string, call: Call): Promise<boolean> {
    const headers = { 'idempotency-key': randomUUID() };
    const start = performance.now();
    const told = { told: 'nothing' } as Pick<Write, 'told' | 'version' | 'content'>;
    do {
      const reply = await this.send('write', { ...call, headers });
      if (reply && reply.status < 300) {
        const { version } = JSON.parse(reply.text) as { version: number };
        Object.assign(told, { told: 'acknowledged', version, content: reply.text });
        break;
      }
      // Whatever else it was told, it may have taken effect.
      if (reply && reply.status < 500 && reply.status !== 409) Object.assign(told, { told: 'refused' });
      if (!this.plan.persistent || told.told === 'refused') break;
      await setTimeout(RETRY_MS);
    } while (performance.now() - start < PATIENCE_MS);
    this.writes.push({ basket, effect, start, end: performance.now(), ...told });
    return told.told === 'acknowledged';
  }

  private async read(basket: string): Promise<void> {
    const start = performance.now();
    const reply = await this.send('read', { method: 'GET', path: basketOf(basket) });
    const end = performance.now();
    if (reply?.status === 404) this.reads.push({ basket, start, end, version: 0 });
    if (reply?.status !== 200) return;
    const { version } = JSON.parse(reply.text) as { version: number };
    this.reads.push({ basket, start, end, version, content: reply.text });
  }

  private async send(kind: Answered['kind'], call: Call): Promise<Reply | undefined> {
    await setTimeout(this.plan.pauseMs ?? PAUSE_MS);
    const urls = this.plan.urls();
    const url = urls[this.turns++ % urls.length] ?? '';
    const start = performance.now();
    const note = (status: number, code?: string, retryAfter?: string) =>
      this.answers.push({ kind, status, code, retryAfter, start, ms: performance.now() - start });
    try {
      const reply = await this.http.send(url, call);
      note(reply.status, codeIn(reply), reply.headers['retry-after']);
      return reply;
    } catch (error) {
      note(0, (error as NodeJS.ErrnoException).code ?? String(error));
      return undefined;
    }
  }
}

function codeIn({ status, text, headers }: Reply): string | undefined {
  if (status < 400) return undefined;
  // Not every answer is of the service: there may be a proxy in between.
  if (!headers['content-type']?.startsWith('application/problem+json')) return 'no problem document';
  return (JSON.parse(text) as { code: string }).code;
}

/** How often there was which kind of answer. */
export function kindsOf(answers: readonly Answered[]): Record<string, number> {
  const kindOf = ({ status, code, retryAfter }: Answered) =>
    [status, code, retryAfter && `retry-after ${retryAfter}`].filter((part) => part).join(' ') || 'none';
  return Object.fromEntries([...Map.groupBy(answers, kindOf)].map(([kind, all]) => [kind, all.length]));
}

/** Of the times that answers took, in ms. */
export function percentile(answers: readonly Pick<Answered, 'ms'>[], part: number): number {
  const sorted = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  return Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0) * 10) / 10;
}
