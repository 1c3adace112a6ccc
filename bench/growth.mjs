import { setTimeout } from 'node:timers/promises';
import { fetchBytes } from './processes.mjs';
import { alternate } from './rounds.mjs';
import { withClient, withRedis } from './servers.mjs';

const MOST_CPU_RATIO = 1.15;
const PAGE = 5000;
const SAMPLE = 200;

/** The service on all baskets against the same on few, by what is asked of it. */
const SCENARIOS = {
  'cached read': { kind: 'read', cache: true },
  'PATCH quantity': { kind: 'patch', cache: true },
  'POST item': { kind: 'add', cache: true },
  // Without Redis: each read comes from PostgreSQL. A key space that is small would otherwise be cached in no time.
  'read from the database': { kind: 'read', cache: false },
};
/** A count of analytics reads all events: once in a while, and never in the rounds of one side alone. */
const SERVICE = { ANALYTICS_REFRESH_SECONDS: '0' };

/**
 * @param {{ full: Stage, small: Stage }} stages with generated baskets, and nothing running
 * @param {object} generator the load generator; its sides are `service` for the full one and `reference` for the small
 * @typedef {import('./stage.mjs').Stage} Stage
 */
export async function compareGrowth(stages, generator, extent, tell) {
  const results = {};
  for (const cache of [true, false]) {
    const env = { ...SERVICE, ...(cache ? {} : { REDIS_URL: '' }) };
    const parts = { service: await stages.full.startService(cache ? 'full' : 'full-uncached', env) };
    parts.small = await stages.small.startService(cache ? 'small' : 'small-uncached', env);
    try {
      if (cache) {
        await cacheAll(stages.full, 's', tell);
        await cacheAll(stages.small, 'r', tell);
      }
      // The sweep of idle baskets comes once it is up, and has them all to abandon.
      await setTimeout(8000);
      for (const [name, { kind, cache: cached }] of Object.entries(SCENARIOS))
        if (cached === cache)
          results[name] = await alternate(
            { parts, generator },
            { kind, reference: 'small', ownBaskets: true },
            extent,
            tell,
          );
    } finally {
      for (const part of Object.values(parts)) await part.stop();
    }
  }
  return results;
}

export const growthVerdicts = (results) =>
  Object.entries(results).map(([what, { service, reference, cpuRatio, ratio }]) => ({
    what: `growth, ${what}`,
    value:
      `${service.cpuMicrosPerRequest.toFixed(1)} µs CPU a request against ${reference.cpuMicrosPerRequest.toFixed(1)} on 1,000 baskets, ` +
      `ratio ${cpuRatio.toFixed(2)}; requests/s ${service.requestsPerSecond.toFixed(0)} against ${reference.requestsPerSecond.toFixed(0)}, ` +
      `ratio ${ratio.median.toFixed(2)}`,
    target: `CPU <= ${MOST_CPU_RATIO}`,
    pass: cpuRatio <= MOST_CPU_RATIO,
  }));

/** As reads would leave them there, only sooner. */
async function cacheAll(stage, side, tell) {
  const all = `${stage.run}-${side}-`;
  await withRedis(stage.servers.redisUrl, async (redis) => {
    await withClient(stage.databaseUrl, async (client) => {
      for (let last = all; ;) {
        const { rows } = await client.query(
          `SELECT user_name, version, basket::text AS json FROM basket_projections
           WHERE user_name > $1 AND user_name < $2 ORDER BY user_name LIMIT $3`,
          [last, `${all}a`, PAGE],
        );
        if (rows.length === 0) break;
        const values = redis.pipeline();
        for (const { user_name, version, json } of rows)
          values.set(`basket:${user_name}`, `${version}:${json}`, 'EX', 86_400);
        await values.exec();
        last = rows.at(-1).user_name;
      }
    });
    const memory = /used_memory:(\d+)/.exec(await redis.info('memory'))?.[1];
    tell(`cached: Redis has ${Math.round(Number(memory) / 1e6)} MB`);
  });
}

/**
 * That the service takes the generated baskets for its own: what it answers is what is stored, and the same as what its
 * events come to.
 *
 * @throws Error
 */
export async function verifyGenerated(stage, side) {
  const { port } = stage.parts.service;
  const rows = await withClient(stage.databaseUrl, async (client) => {
    const sample = await client.query(
      `SELECT user_name, version, basket::text AS json FROM basket_projections
       WHERE user_name LIKE $1 ORDER BY md5(user_name) LIMIT $2`,
      [`${stage.run}-${side}-%`, SAMPLE],
    );
    return sample.rows;
  });
  for (const { user_name, version, json } of rows) {
    const path = `/baskets/${user_name}`;
    const [now, past, history] = await Promise.all(
      [path, `${path}?version=${version}`, `${path}/history?limit=200`].map((one) => fetchBytes(port, one)),
    );
    if (now.body.toString() !== json) throw new Error(`${path} is not what is stored.`);
    if (past.body.toString() !== json) throw new Error(`${path} is not what its events come to: ${past.body} ${json}`);
    const { events } = JSON.parse(history.body.toString());
    if (events.length !== Math.min(200, version)) throw new Error(`${path} has ${events.length} events.`);
  }
  return rows.length;
}
