import { CONNECTIONS, observed } from './rounds.mjs';
import { verifyHot } from './verify.mjs';

/** Requests a second, and which: what is asked of one replica. */
const RATE = 1000;
const MIX = { read: 0.8, patch: 0.15, add: 0.05 };

/**
 * What has no reference, as it is about the service alone: everybody adding to one basket, and requests that come whether those
 * before have been answered or not.
 *
 * @param {import('./stage.mjs').Stage} stage
 */
export const ALONE = {
  async hot(stage, { rounds, seconds }) {
    const { generator, parts } = stage;
    const { port, pid } = parts.service;
    await generator.ask('prepare', { run: stage.run, side: 'hot', count: 1 });
    await generator.ask('load', { side: 'hot', kind: 'put', port, seconds: 10, connections: 1 });
    const load = { side: 'hot', kind: 'hot', port, seconds: Math.min(10, rounds * seconds), connections: CONNECTIONS };
    const result = await observed(pid, () => generator.ask('load', load));
    if (Object.keys(result.errors).length === 0) await verifyHot(stage);
    return result;
  },

  async open(stage, { rounds, seconds }) {
    const { port, pid } = stage.parts.service;
    const load = { side: 'service', port, seconds: rounds * seconds, rate: RATE, mix: MIX };
    return await observed(pid, () => stage.generator.ask('openLoad', load));
  },
};
