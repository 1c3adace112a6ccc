import { join } from 'node:path';
import { LINES, grownLine, grownQuantity, patchedLine, patchedQuantity, productId } from '../baskets.mjs';
import { withRedis } from '../servers.mjs';
import { install } from './install.mjs';

export const ROBOT_SHOP_LIKE = {
  name: 'robot-shop-like',
  /** Of its requests a second, by what is asked for. */
  targets: { read: 1.4, patch: 0.9, add: 1.8 },

  /** @param {import('../stage.mjs').Stage} stage */
  async open(stage, tell) {
    const folder = await install('robot-shop-like', stage.folder, tell);
    const env = { NODE_ENV: 'production' };
    const catalogue = await stage.startNode('catalogue', [join(folder, 'catalogue.mjs')], env);
    stage.parts.catalogue = catalogue;
    stage.parts.peer = await stage.startNode('robot-shop-like', [join(folder, 'server.mjs')], {
      ...{ ...env, REDIS_URL: stage.servers.redisUrl, KEY_PREFIX: prefixOf(stage) },
      CATALOGUE_URL: `http://127.0.0.1:${catalogue.port}`,
    });
    await stage.generator.ask('prepare', {
      ...{ run: stage.run, side: 'reference', count: stage.count, work: 'robotShopLike' },
    });
    tell(`fill ${stage.count} carts ...`);
    await stage.fill('reference', stage.parts.peer, stage.count * LINES);
  },

  /** That every cart has the quantities that follow from what was acknowledged. @throws Error */
  async verify(stage) {
    const counts = await stage.generator.ask('counts', { side: 'reference' });
    const carts = await withRedis(stage.servers.redisUrl, (redis) =>
      redis.mget(counts.map(({ name }) => `${prefixOf(stage)}${name}`)),
    );
    for (const [at, { name, key, patches, adds }] of counts.entries()) {
      const { items } = JSON.parse(carts[at]);
      const quantityOf = (line) => items.find(({ sku }) => sku === productId(line))?.qty;
      if (
        items.length !== LINES ||
        quantityOf(patchedLine(key)) !== patchedQuantity(patches) ||
        quantityOf(grownLine(key)) !== grownQuantity(adds)
      )
        throw new Error(`robot-shop-like: ${name} is not what was asked: ${carts[at]}`);
    }
    return `${counts.length} carts hold what was asked`;
  },

  async close(stage) {
    for (const name of ['peer', 'catalogue']) {
      await stage.parts[name]?.stop();
      delete stage.parts[name];
    }
  },
};

const prefixOf = ({ run }) => `cart:${run}:`;
