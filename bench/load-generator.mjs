// A process of its own: 64 kept-alive connections, each with one request at a time under way. It is written for this
// use, because autocannon takes more CPU a request than the service does and would be what is measured.
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { Baskets } from './baskets.mjs';
import { quantilesOf } from './figures.mjs';
import { MixedBaskets } from './mixed-baskets.mjs';
import { RobotShopCarts } from './peers/robot-shop-like/carts.mjs';
import { VendureSessions } from './peers/vendure/sessions.mjs';

const DRAIN_MS = 10_000;
const HEAD_END = '\r\n\r\n';

/** What can be asked for. */
const WORK = { baskets: Baskets, mixed: MixedBaskets, robotShopLike: RobotShopCarts, vendure: VendureSessions };

/** @type {Record<string, Baskets>} */
const baskets = {};

process.on('message', async ({ id, job, ...options }) => {
  const jobs = { prepare, load, openLoad, counts };
  try {
    process.send({ id, result: await jobs[job](options) });
  } catch (error) {
    process.send({ id, error: String(error) });
  }
});

function prepare({ run, side, count, work = 'baskets', ...more }) {
  baskets[side] = new WORK[work](run, side, count, more);
}

function counts({ side }) {
  return baskets[side].counts();
}

/** Until the time is over, or the keys (of mixed baskets: so many requests) are used up, and every answer is there. */
async function load({ side, kind, port, seconds, connections, requests }) {
  if (requests !== undefined) baskets[side].left = requests;
  return await measured(async () => {
    const round = new Round(baskets[side]);
    const end = performance.now() + seconds * 1000;
    await Promise.all(Array.from({ length: connections }, () => round.loop(port, kind, end)));
    return round;
  });
}

/**
 * So many requests a second, whether the ones before have been answered or not. A latency counts from when its request was
 * due: one that had to wait because the service stood still shows it (no coordinated omission).
 */
async function openLoad({ side, port, seconds, rate, mix }) {
  return await measured(async () => {
    const round = new Round(baskets[side]);
    await round.open(port, { rate, mix, until: performance.now() + seconds * 1000 });
    return round;
  });
}

/** @param {() => Promise<Round>} work */
async function measured(work) {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const round = await work();
  const elapsed = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { ...round.summary(), elapsed, generatorCpu: (user + system) / 1e6 };
}

class Round {
  latencies = [];
  bytes = 0;
  errors = {};
  /** Connections that wait for a request. */
  idle = [];

  constructor(work) {
    this.work = work;
  }

  /** Bodies are kept where the work looks into them. */
  connect(port) {
    return new Connection(port, this.work.accepts !== undefined);
  }

  /** One connection that has a request under way at any time; it ends without an error of its own, which is counted. */
  async loop(port, kind, end) {
    const connection = this.connect(port);
    while (performance.now() < end) {
      const key = this.work.take(kind);
      if (key === undefined) break;
      if (!(await this.send(connection, kind, key, performance.now()))) break;
    }
    connection.end();
  }

  /** Looks each millisecond what is due. */
  async open(port, { rate, mix, until }) {
    const start = performance.now();
    const underWay = new Set();
    for (let sent = 0; performance.now() < until; await setTimeout(1))
      for (; start + (sent * 1000) / rate <= performance.now(); sent++) {
        const kind = kindOf(mix, Math.random());
        const connection = this.idle.pop() ?? this.connect(port);
        const due = start + (sent * 1000) / rate;
        const one = this.send(connection, kind, this.work.take(kind), due).then((isOpen) => {
          underWay.delete(one);
          if (isOpen) this.idle.push(connection);
        });
        underWay.add(one);
      }
    await Promise.all(underWay);
    for (const connection of this.idle) connection.end();
  }

  /** @param {number} due when its latency begins @returns {Promise<boolean>} whether the connection can be used again */
  async send(connection, kind, key, due) {
    try {
      const { status, bodyLength, body } = await connection.send(this.work.request(kind, key));
      this.latencies.push(performance.now() - due);
      this.bytes += bodyLength;
      const isSuccess = kind === 'known' ? status === 304 : status >= 200 && status < 300;
      const ok = isSuccess && (this.work.accepts?.(kind, key, body) ?? true);
      if (!ok) this.count(isSuccess ? `another answer: ${body.slice(0, 200)}` : `status ${status}`);
      this.work.answered(kind, key, ok);
      return true;
    } catch (error) {
      this.count(error.code ?? error.message);
      return false;
    }
  }

  count(error) {
    this.errors[error] = (this.errors[error] ?? 0) + 1;
  }

  summary() {
    const requests = this.latencies.length;
    const [p50, p99] = quantilesOf(this.latencies, [0.5, 0.99]);
    return {
      requests,
      p50,
      p99,
      bodyBytes: requests > 0 ? Math.round(this.bytes / requests) : 0,
      errors: this.errors,
    };
  }
}

/** @param {Record<string, number>} mix shares, which sum up to 1 */
function kindOf(mix, random) {
  let sum = 0;
  return Object.keys(mix).find((kind) => random < (sum += mix[kind])) ?? Object.keys(mix)[0];
}

/** A kept-alive connection with one request at a time under way. */
class Connection {
  /** @param {boolean} keepsBodies */
  constructor(port, keepsBodies) {
    this.answer = new Answer(keepsBodies);
    this.socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer: Buffer.alloc(65_536), callback: (length, buffer) => this.read(length, buffer) },
    });
    this.socket.setTimeout(DRAIN_MS, () => this.socket.destroy(new Error('no answer in time')));
    this.socket.on('error', (error) => this.waiting?.reject(error));
    this.socket.on('close', () => this.waiting?.reject(new Error('connection closed')));
  }

  /** @param {string} text the whole request @returns {Promise<{ status: number, bodyLength: number, body: string }>} */
  send(text) {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.socket.write(text, 'latin1');
    });
  }

  read(length, buffer) {
    if (this.answer.take(buffer, length)) {
      const { resolve } = this.waiting;
      this.waiting = undefined;
      resolve(this.answer);
    }
    return true;
  }

  end() {
    this.socket.end();
  }
}

/** Reads one HTTP/1.1 answer with a content-length, in however many pieces it comes. */
class Answer {
  head = Buffer.alloc(0);
  missing = 0;
  status = 0;
  bodyLength = 0;
  /** In Latin 1, and empty unless it is kept. */
  body = '';

  constructor(keepsBody) {
    this.keepsBody = keepsBody;
  }

  /** @returns {boolean} whether the answer is complete */
  take(buffer, length) {
    if (this.missing > 0) {
      this.missing -= length;
      if (this.keepsBody) this.body += buffer.latin1Slice(0, length);
      return this.missing === 0;
    }
    const piece = buffer.subarray(0, length);
    const bytes = this.head.length > 0 ? Buffer.concat([this.head, piece]) : piece;
    const end = bytes.indexOf(HEAD_END);
    if (end === -1) {
      this.head = Buffer.from(bytes);
      return false;
    }
    this.head = Buffer.alloc(0);
    const head = bytes.latin1Slice(0, end);
    this.status = Number(head.slice(9, 12));
    this.bodyLength = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (this.keepsBody) this.body = bytes.latin1Slice(end + HEAD_END.length);
    this.missing = end + HEAD_END.length + this.bodyLength - bytes.length;
    return this.missing === 0;
  }
}
