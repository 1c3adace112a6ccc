// A process of its own: 64 kept-alive connections, each with one request at a time under way. It is written for this
// use, because autocannon takes more CPU a request than the service does and would be what is measured.
import { connect } from 'node:net';
import { Baskets } from './baskets.mjs';

const DRAIN_MS = 10_000;
const HEAD_END = '\r\n\r\n';

/** @type {Record<string, Baskets>} */
const baskets = {};

process.on('message', async ({ id, job, ...options }) => {
  const jobs = { prepare, load, counts };
  try {
    process.send({ id, result: await jobs[job](options) });
  } catch (error) {
    process.send({ id, error: String(error) });
  }
});

function prepare({ run, side, count }) {
  baskets[side] = new Baskets(run, side, count);
}

/** How many writes of each basket were acknowledged. */
function counts({ side }) {
  const { names, patches, adds } = baskets[side];
  return names.map((name, key) => ({ name, key, patches: patches[key], adds: adds[key] }));
}

/** Until the time is over, or the keys are used up, and every answer is there. */
async function load({ side, kind, port, seconds, connections }) {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const round = new Round(baskets[side], kind, start + seconds * 1000);
  await Promise.all(Array.from({ length: connections }, () => round.run(port)));
  const elapsed = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { ...round.summary(), elapsed, generatorCpu: (user + system) / 1e6 };
}

class Round {
  latencies = [];
  bytes = 0;
  errors = {};

  constructor(work, kind, end) {
    this.work = work;
    this.kind = kind;
    this.end = end;
  }

  /** One connection; it ends without an error of its own, which is counted. */
  run(port) {
    return new Promise((resolve) => {
      const answer = new Answer();
      let key;
      let sentAt;
      const send = () => {
        key = performance.now() < this.end ? this.work.take(this.kind) : undefined;
        if (key === undefined) return socket.end();
        sentAt = performance.now();
        socket.write(this.work.request(this.kind, key), 'latin1');
      };
      const onread = (length, buffer) => {
        if (!answer.take(buffer, length)) return true;
        this.latencies.push(performance.now() - sentAt);
        this.bytes += answer.bodyLength;
        const ok = answer.status >= 200 && answer.status < 300;
        if (!ok) this.count(`status ${answer.status}`);
        this.work.answered(this.kind, key, ok);
        key = undefined;
        send();
        return true;
      };
      const socket = connect({
        port,
        host: '127.0.0.1',
        noDelay: true,
        onread: { buffer: Buffer.alloc(65_536), callback: onread },
      });
      socket.setTimeout(DRAIN_MS, () => socket.destroy(new Error('no answer in time')));
      socket.on('connect', send);
      socket.on('error', (error) => this.count(error.code ?? error.message));
      socket.on('close', () => {
        if (key !== undefined) this.count('connection closed');
        resolve();
      });
    });
  }

  count(error) {
    this.errors[error] = (this.errors[error] ?? 0) + 1;
  }

  summary() {
    const sorted = Float64Array.from(this.latencies).sort();
    const quantile = (q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
    return {
      requests: sorted.length,
      p50: quantile(0.5),
      p99: quantile(0.99),
      bodyBytes: sorted.length > 0 ? Math.round(this.bytes / sorted.length) : 0,
      errors: this.errors,
    };
  }
}

/** Reads one HTTP/1.1 answer with a content-length, in however many pieces it comes. */
class Answer {
  head = Buffer.alloc(0);
  missing = 0;
  status = 0;
  bodyLength = 0;

  /** @returns {boolean} whether the answer is complete */
  take(buffer, length) {
    if (this.missing > 0) {
      this.missing -= length;
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
    this.missing = end + HEAD_END.length + this.bodyLength - bytes.length;
    return this.missing === 0;
  }
}
