import { randomUUID } from 'node:crypto';
import { Baskets, request } from './baskets.mjs';

/** How often what is asked for, of a thousand. A basket that is gone is made anew first. */
const MIX = Object.entries({
  ...{ read: 740, 'read-tagged': 20, 'read-past': 20, 'read-history': 10, 'read-summary': 10 },
  ...{ patch: 100, 'patch-keyed': 50 },
  ...{ add: 30, 'add-keyed': 12, clear: 2, delete: 3, 'check-out': 3 },
});
const OF = MIX.reduce((sum, [, share]) => sum + share, 0);
const ENDS = new Set(['clear', 'delete', 'check-out']);
/** Of the requests with an idempotency key. */
const SENT_TWICE = 0.2;

/**
 * Shoppers who do a bit of everything, so that whatever could be kept of a request would be: 80 % reads, 15 % PATCH, 5 %
 * that add lines, empty, delete or check out. Some have idempotency keys, always new ones, and some of those are sent
 * twice. Whatever is asked for, the answer should be 2xx.
 */
export class MixedBaskets extends Baskets {
  /** Requests that are still to be sent. */
  left = 0;
  /** The request that is under way, or was the last, by key. */
  asked = [];
  texts = [];
  repeats = new Set();
  versions = new Uint32Array(this.names.length);
  /** Keys of baskets that were emptied, and of those that are no more. */
  ended = new Map();

  take(kind) {
    if (kind !== 'mixed') return super.take(kind);
    if (this.left === 0) return undefined;
    this.left--;
    return super.take(kind);
  }

  request(kind, key) {
    if (kind !== 'mixed') return super.request(kind, key);
    this.asked[key] = this.repeats.delete(key) ? 'repeat' : this.ended.has(key) ? 'put' : draw();
    return this.textOf(this.asked[key], key);
  }

  textOf(what, key) {
    const path = `/baskets/${this.names[key]}`;
    switch (what) {
      case 'repeat':
        return this.texts[key];
      case 'read-tagged':
        // Of a version that there never is: with the right one the answer would be a 304.
        return request('GET', path, undefined, 'if-none-match: "0"\r\n');
      case 'read-past':
        return request('GET', `${path}?version=2`);
      case 'read-history':
        return request('GET', `${path}/history?limit=20`);
      case 'read-summary':
        return request('GET', `${path}/summary`);
      case 'clear':
        return request('DELETE', `${path}/items`);
      case 'delete':
        return request('DELETE', path);
      case 'check-out':
        return request('POST', `${path}/checkout`, `{"version":${this.versions[key]}}`);
      case 'patch-keyed':
      case 'add-keyed':
        if (Math.random() < SENT_TWICE) this.repeats.add(key);
        return (this.texts[key] = super.request(kindOf(what), key, `idempotency-key: ${randomUUID()}\r\n`));
      default:
        return super.request(what, key);
    }
  }

  answered(kind, key, ok) {
    const what = kind === 'mixed' ? this.asked[key] : kind;
    super.answered(kindOf(what), key, ok);
    if (!ok) return this.repeats.delete(key);
    if (what === 'put') this.putAnew(key);
    else if (!what.startsWith('re')) this.versions[key]++;
    if (ENDS.has(what)) this.ended.set(key, what);
  }

  /** Its lines have their first quantities again. Where there is no basket two events make one. */
  putAnew(key) {
    this.versions[key] += this.ended.get(key) === 'clear' ? 1 : 2;
    this.ended.delete(key);
    this.patches[key] = 0;
    this.adds[key] = 0;
  }
}

const kindOf = (what) => what.replace('-keyed', '');

function draw() {
  let at = Math.random() * OF;
  return MIX.find(([, share]) => (at -= share) < 0)[0];
}
