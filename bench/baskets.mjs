/** The baskets that are measured: 8 lines each unless told otherwise, one quantity to start with. */
export const LINES = 8;

const FIRST_QUANTITY = 1;
/** It is opened, and filled. */
export const VERSION_OF_PUT = 2;
const CURRENCY = 'EUR';

/** Two sides, told apart by a letter, so that both work on equally many baskets in the same tables. */
export const userName = (run, side, key) => `${run}-${side[0]}-${String(key).padStart(5, '0')}`;

/** Of the outbox. No relay looks there: the service must not publish what a reference writes. */
export const NO_BUCKET = 99;

export const productId = (line) => `5334c996-8457-4cf0-815c-ed2b77c4${(0xc000 + line).toString(16)}`;

const item = (line, quantity) => ({
  productId: productId(line),
  productName: `Field notebook ${line}`,
  unitPrice: 1250 + line,
  quantity,
});

/** The line of a basket that its PATCHes change, and the one that its POSTs add to. */
export const patchedLine = (key, lines = LINES) => key % lines;
export const grownLine = (key, lines = LINES) => (key + 1) % lines;

/** @param {string} [more] headers, each with its line end */
export const request = (method, path, body, more = '') =>
  body === undefined
    ? `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${more}\r\n`
    : `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n${more}\r\n${body}`;

const bodyOf = (lines) =>
  JSON.stringify({ currency: CURRENCY, items: Array.from({ length: lines }, (_, line) => item(line, FIRST_QUANTITY)) });
export const putBody = bodyOf(LINES);

/**
 * The baskets of one side, as the load generator left them. It picks keys at random, but never one whose answer it
 * still waits for: so what must be stored at the end is known exactly, for every basket.
 */
export class Baskets {
  /**
   * @param {string} run tells this run's users from those of others on the same servers
   * @param {'service' | 'reference'} side
   * @param {number} count
   * @param {{ lines?: number }} [more]
   */
  constructor(run, side, count, { lines = LINES } = {}) {
    this.lines = lines;
    this.putBody = bodyOf(lines);
    this.names = Array.from({ length: count }, (_, key) => userName(run, side, key));
    this.busy = new Uint8Array(count);
    this.patches = new Uint32Array(count);
    this.adds = new Uint32Array(count);
    this.next = 0;
  }

  /**
   * @param {'put' | 'read' | 'known' | 'patch' | 'add' | 'hot'} kind `known`: what the caller has; `hot`: everybody adds to the first one
   * @returns {number | undefined} a key, to be given back by `answered`
   */
  take(kind) {
    if (kind === 'put') return this.next < this.names.length ? this.next++ : undefined;
    if (kind === 'hot') return 0;
    // Where nearly all wait for an answer the service hangs, and an open loop would look for a free one for ever.
    for (let tries = 0; tries < this.names.length; tries++) {
      const key = Math.floor(Math.random() * this.names.length);
      if (this.busy[key]) continue;
      this.busy[key] = 1;
      return key;
    }
    throw new Error('Nearly all baskets wait for an answer.');
  }

  /** The request as it goes over the wire. Two PATCHes of one basket in a row never name the same quantity. */
  request(kind, key, more = '') {
    const path = `/baskets/${this.names[key]}`;
    switch (kind) {
      case 'put':
        return request('PUT', path, this.putBody);
      case 'read':
        return request('GET', path);
      case 'known':
        return request('GET', path, undefined, `if-none-match: "${VERSION_OF_PUT}"\r\n`);
      case 'patch':
        return request(
          'PATCH',
          `${path}/items/${productId(patchedLine(key, this.lines))}`,
          `{"quantity":${patchedQuantity(this.patches[key] + 1)}}`,
          more,
        );
      case 'hot':
        return request(
          'POST',
          `${path}/items`,
          JSON.stringify({ ...item(this.next++ % this.lines, 1), currency: CURRENCY }),
        );
      case 'add':
        return request(
          'POST',
          `${path}/items`,
          JSON.stringify({ ...item(grownLine(key, this.lines), 1), currency: CURRENCY }),
          more,
        );
    }
  }

  /** How many writes of each basket were acknowledged. */
  counts() {
    const { names, patches, adds, lines } = this;
    return names.map((name, key) => ({ name, key, lines, patches: patches[key], adds: adds[key] }));
  }

  answered(kind, key, ok) {
    this.busy[key] = 0;
    if (!ok) return;
    if (kind === 'patch') this.patches[key]++;
    if (kind === 'add' || kind === 'hot') this.adds[key]++;
  }
}

/** Of the patched line after so many PATCHes: never twice the same in a row, and not what it was at first. */
export const patchedQuantity = (patches) => FIRST_QUANTITY + (patches === 0 ? 0 : 1 + ((patches - 1) % 90));

/** Of the line that grows, after so many POSTs. */
export const grownQuantity = (adds) => FIRST_QUANTITY + adds;
