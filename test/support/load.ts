import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { isOpen } from '../../src/basket/domain/basket.js';
import { eventually } from './eventually.js';
import { expectReplayEqualsProjection, readStreams } from './replay.js';

export interface Answered {
  readonly request: 'add' | 'change' | 'read';
  /** 0 when there was no answer. */
  readonly status: number;
  readonly ms: number;
  /** Of a problem document. */
  readonly code: string | undefined;
  readonly retryAfter: string | null;
}

/** What a client was told of one line; undefined when it was told nothing that it could rely on. */
interface Line {
  readonly user: string;
  readonly added: boolean;
  changed?: boolean;
}

const CLIENTS = 8;
const LINES_A_BASKET = 40;

/** Clients of the service, two a basket, that add a product each, change its quantity, and read the basket. */
export class Load {
  readonly answers: Answered[] = [];
  /** Reads that showed less than the service had acknowledged to their client. */
  stale = 0;
  private readonly lines = new Map<string, Line>();
  private readonly clients: Promise<unknown>;
  private isStopping = false;

  constructor(private readonly url: string) {
    const name = randomUUID();
    this.clients = Promise.all(Array.from({ length: CLIENTS }, (_, at) => this.shop(`${name}-${Math.floor(at / 2)}`)));
  }

  /** Waits until this many requests more were answered. */
  async goOn(requests: number): Promise<Answered[]> {
    const from = this.answers.length;
    await eventually(() => this.answers.length >= from + requests, 60_000);
    return this.answers.slice(from);
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    await this.clients;
  }

  /** Everything that was acknowledged is stored, once; what was not is there wholly or not at all. */
  async expectKept(source: DataSource): Promise<void> {
    const users = new Set([...this.lines.values()].map(({ user }) => user));
    const baskets = (await readStreams(source)).filter(({ userName }) => users.has(userName));
    const lines = baskets.flatMap(({ basket }) => (isOpen(basket) ? basket.lines : []));
    const stored = new Map(lines.map((line) => [line.productId, line]));
    const wrong = [...this.lines].filter(([productId, { added, changed }]) => {
      const quantity = stored.get(productId)?.quantity;
      if (!added) return quantity !== undefined && quantity !== 1;
      return changed === undefined ? quantity !== 1 && quantity !== 2 : quantity !== (changed ? 2 : 1);
    });
    expect(wrong).toEqual([]);
    expect([...stored.keys()].filter((productId) => !this.lines.has(productId))).toEqual([]);
    expect([...this.lines.values()].filter(({ added }) => added).length).toBeGreaterThan(0);
    await expectReplayEqualsProjection(source);
  }

  private async shop(name: string): Promise<void> {
    for (let n = 0; !this.isStopping; n++) {
      const user = `${name}-${Math.floor(n / LINES_A_BASKET)}`;
      const productId = randomUUID();
      const item = { productId, productName: 'Field notebook', unitPrice: 1250, quantity: 1, currency: 'EUR' };
      const added = await this.send('add', 'POST', `/baskets/${user}/items`, item);
      const line: Line = { user, added: added !== undefined, changed: false };
      this.lines.set(productId, line);
      if (added === undefined) continue;
      const path = `/baskets/${user}/items/${productId}`;
      const changed = await this.send('change', 'PATCH', path, { quantity: 2 });
      if (changed === undefined) delete line.changed;
      else line.changed = true;
      const read = await this.send('read', 'GET', `/baskets/${user}`);
      if (read !== undefined && read < (changed ?? added)) this.stale++;
      await setTimeout(5);
    }
  }

  /** @returns the version that a success told */
  private async send(
    request: Answered['request'],
    method: string,
    path: string,
    body?: object,
  ): Promise<number | undefined> {
    const start = performance.now();
    const told = { request, status: 0, code: undefined as string | undefined, retryAfter: null as string | null };
    let version: number | undefined;
    try {
      const response = await fetch(this.url + path, {
        method,
        headers: { 'content-type': 'application/json' },
        body: body ? JSON.stringify(body) : null,
      });
      told.status = response.status;
      told.retryAfter = response.headers.get('retry-after');
      const answer = (await response.json()) as { version: number; code?: string };
      if (response.ok) version = answer.version;
      else told.code = answer.code;
    } catch (error) {
      told.code = String((error as Error).cause ?? error);
    }
    this.answers.push({ ...told, ms: performance.now() - start });
    return version;
  }
}

/** What there was, for an expectation that says which was one too many. */
export const kindsOf = (answers: readonly Answered[]): string[] =>
  [...new Set(answers.map(({ status, code, retryAfter }) => [status, code, retryAfter && `retry-after ${retryAfter}`]))]
    .map((kind) => kind.filter((part) => part).join(' '))
    .filter((kind, at, all) => all.indexOf(kind) === at)
    .sort();
