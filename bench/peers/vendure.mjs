import { join } from 'node:path';
import { LINES } from '../baskets.mjs';
import { CONNECTIONS } from '../rounds.mjs';
import { withClient } from '../servers.mjs';
import { install, toTheEnd } from './install.mjs';
import { QUERIES } from './vendure/queries.mjs';

const TOKEN = 'vendure-auth-token';

export const VENDURE = {
  name: 'Vendure',
  /** Of its requests a second, by what is asked for. */
  targets: { read: 80, patch: 60, add: 60 },

  /** @param {import('../stage.mjs').Stage} stage */
  async open(stage, tell) {
    const cwd = await install('vendure', stage.folder, tell);
    const database = `${stage.database}_vendure`;
    await withClient(stage.servers.databaseUrl, (client) => client.query(`CREATE DATABASE ${database}`));
    const url = new URL(stage.databaseUrl);
    url.pathname = `/${database}`;
    const env = { NODE_ENV: 'production', DATABASE_URL: url.href, PRODUCTS: String(LINES) };
    const populate = [join(cwd, 'populate.mjs')];
    // It listens for a moment, on whatever port is free.
    await toTheEnd(
      process.execPath,
      populate,
      { cwd, env: { ...env, PATH: process.env.PATH, PORT: '0' } },
      'make the shop',
      tell,
    );
    await withClient(url.href, (client) => client.query('VACUUM ANALYZE'));
    stage.parts.peer = await stage.startNode('vendure', [join(cwd, 'server.mjs')], env);
    tell(`fill the carts of ${CONNECTIONS} sessions ...`);
    const sessions = await sessionsOf(stage.parts.peer.port);
    await stage.generator.ask('prepare', {
      ...{ run: stage.run, side: 'reference', count: CONNECTIONS, work: 'vendure', sessions },
    });
  },

  /** Each answer was looked into: reads have told what was written before. */
  verify() {
    return Promise.resolve('each answer held what was asked before');
  },

  async close(stage) {
    await stage.parts.peer?.stop();
    delete stage.parts.peer;
    await withClient(stage.servers.databaseUrl, (client) =>
      client.query(`DROP DATABASE IF EXISTS ${stage.database}_vendure WITH (FORCE)`),
    );
  },
};

/** One for each caller, whose order has a piece of each product. */
async function sessionsOf(port) {
  const { body } = await ask(port, undefined, QUERIES.products);
  const variants = body.data.products.items.map((product) => product.variants[0].id);
  if (variants.length !== LINES) throw new Error(`The shop has ${variants.length} products.`);
  return await Promise.all(Array.from({ length: CONNECTIONS }, () => sessionWith(port, variants)));
}

async function sessionWith(port, variants) {
  let token;
  let order;
  for (const variant of variants) {
    const { headers, body } = await ask(port, token, QUERIES.add, { variant });
    token ??= headers.get(TOKEN);
    order = body.data.order;
  }
  const lines = order.lines.map(({ id, productVariant }) => ({ id, variant: productVariant.id }));
  if (!token || lines.length !== variants.length) throw new Error(`This is no filled order: ${JSON.stringify(order)}`);
  return { token, lines };
}

async function ask(port, token, query, variables = {}) {
  const response = await fetch(`http://127.0.0.1:${port}/shop-api`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
  });
  const body = await response.json();
  if (body.errors) throw new Error(`Vendure: ${JSON.stringify(body.errors)}`);
  return { headers: response.headers, body };
}
