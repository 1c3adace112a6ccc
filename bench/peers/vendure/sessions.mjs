import { grownLine, grownQuantity, patchedLine, patchedQuantity, request } from '../../baskets.mjs';
import { QUERIES } from './queries.mjs';

/** As many sessions as there are callers, each with an order of as many lines as a basket has, each used by one at a time. */
export class VendureSessions {
  /** @param {{ sessions: { token: string, lines: { id: string, variant: string }[] }[] }} more */
  constructor(_run, _side, count, { sessions }) {
    this.sessions = sessions;
    this.free = sessions.map((_, key) => key);
    this.patches = new Uint32Array(count);
    this.adds = new Uint32Array(count);
  }

  take() {
    return this.free.pop();
  }

  request(kind, key) {
    const { token, lines } = this.sessions[key];
    const body = JSON.stringify({ query: QUERIES[kind], variables: this.variables(kind, key, lines) });
    return request('POST', '/shop-api', body, `authorization: Bearer ${token}\r\n`);
  }

  variables(kind, key, lines) {
    if (kind === 'patch') return { line: lines[patchedLine(key)].id, quantity: patchedQuantity(this.patches[key] + 1) };
    if (kind === 'add') return { variant: lines[grownLine(key)].variant };
    return {};
  }

  /** GraphQL answers 200 whatever went wrong: it has to be the order, and in it what was written. */
  accepts(kind, key, body) {
    const { data, errors } = JSON.parse(body);
    if (errors || data?.order?.__typename !== 'Order') return false;
    const patches = this.patches[key] + (kind === 'patch' ? 1 : 0);
    const adds = this.adds[key] + (kind === 'add' ? 1 : 0);
    const quantities = new Map(data.order.lines.map(({ id, quantity }) => [id, quantity]));
    const { lines } = this.sessions[key];
    return (
      quantities.size === lines.length &&
      quantities.get(lines[patchedLine(key)].id) === patchedQuantity(patches) &&
      quantities.get(lines[grownLine(key)].id) === grownQuantity(adds)
    );
  }

  answered(kind, key, ok) {
    this.free.push(key);
    if (ok && kind === 'patch') this.patches[key]++;
    if (ok && kind === 'add') this.adds[key]++;
  }
}
