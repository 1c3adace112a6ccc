import { Agent, request } from 'node:http';
import { LINES, productId } from './baskets.mjs';
import { cpuOf } from './proc.mjs';

const MOST_COMMANDS = 250;

/** A basket of 8 lines whose line 0 has the quantity of its version, so that each answer can be checked. */
export class LongBasket {
  constructor(service, name, events) {
    this.service = service;
    this.path = `/baskets/${name}`;
    this.events = events;
  }

  async fill() {
    const items = Array.from({ length: LINES }, (_, line) => ({
      ...{ productId: productId(line), productName: `Field notebook ${line}`, unitPrice: 1250, quantity: 1 },
    }));
    await this.service.ask('PUT', this.path, { currency: 'EUR', items });
    for (let version = 2; version < this.events;) {
      const commands = Array.from({ length: Math.min(MOST_COMMANDS, this.events - version) }, (_, at) => ({
        ...{ type: 'update-item-quantity', productId: productId(0), quantity: quantityOf(version + at + 1) },
      }));
      const basket = await this.service.ask('POST', `${this.path}/batch`, { commands });
      version = basket.version;
    }
  }

  /** Reads versions at random, one after the other. @returns {Promise<{ ms: number, cpuMicros: number }>} of one read, in the mean */
  async read(way, reads) {
    const before = { cpu: cpuOf(this.service.pid), time: performance.now() };
    for (let read = 0; read < reads; read++) {
      const version = 3 + Math.floor(Math.random() * (this.events - 2));
      const query = way === 'version' ? `version=${version}` : `at=${new Date(timeOf(version)).toISOString()}`;
      const basket = await this.service.ask('GET', `${this.path}?${query}`);
      if (basket.version !== version || basket.items[0].quantity !== quantityOf(version))
        throw new Error(`${this.path}?${query} is another basket: ${JSON.stringify(basket).slice(0, 300)}`);
    }
    const elapsed = performance.now() - before.time;
    return { ms: elapsed / reads, cpuMicros: ((cpuOf(this.service.pid) - before.cpu) / reads) * 1e6 };
  }
}

const quantityOf = (version) => (version % 9000) + 1;

/** A second between two events. */
const FIRST_TIME = Date.UTC(2026, 0, 1);
const timeOf = (version) => FIRST_TIME + version * 1000;

/** The baskets are made in batches, whose events have one time. */
export async function spreadTimes(client) {
  for (const [table, column] of [
    ['domain_events', 'occurred_at'],
    ['basket_snapshots', 'created_at'],
  ])
    await client.query(`UPDATE ${table} SET ${column} = $1::timestamptz + version * interval '1 second'`, [
      new Date(FIRST_TIME),
    ]);
}

/** Kept-alive connections to the service, one unless told otherwise; what is JSON comes parsed. */
export function clientOf({ port, pid }, maxSockets = 1) {
  const agent = new Agent({ keepAlive: true, maxSockets });
  const ask = (method, path, body, more = {}) =>
    new Promise((resolve, reject) => {
      const headers = body ? { 'content-type': 'application/json', ...more } : more;
      request({ host: '127.0.0.1', port, method, path, agent, headers }, async (response) => {
        let text = '';
        for await (const chunk of response.setEncoding('utf8')) text += chunk;
        const isJson = /^application\/json\b(?!l)/.test(response.headers['content-type'] ?? '');
        if (response.statusCode < 300) resolve(isJson ? JSON.parse(text) : text);
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
      })
        .on('error', reject)
        .end(body && JSON.stringify(body));
    });
  return { pid, ask, close: () => agent.destroy() };
}
