// The bar for cached reads: a bare NestJS controller that answers what Redis has under the key, byte for byte, through a
// connection with the service's own options.
import { once } from 'node:events';
import { connectRedis } from '../dist/src/basket/persistence/redis.js';
import { serveReads } from './bare-controller.mjs';

const { PORT, REDIS_URL, KEY_PREFIX } = process.env;

const redis = connectRedis([REDIS_URL]);
await once(redis, 'ready');
await serveReads(PORT, (userName) => redis.getBuffer(`${KEY_PREFIX}${userName}`));
