import { setTimeout } from 'node:timers/promises';
import { median } from './figures.mjs';
import { rssOf } from './proc.mjs';

const REST_MS = 2000;

/**
 * How long the service takes from its spawn to the first 200 of /health/ready, and what it has in memory a while after:
 * on the real servers, and with the embedded database on a folder that holds baskets already.
 *
 * @param {import('./stage.mjs').Stage} stage
 * @param {number} times
 */
export async function startAndRest(stage, times, tell) {
  const real = await repeat(times, () => stage.startService());
  tell(`start on real servers: ${Math.round(real.readyMs)} ms, ${Math.round(real.rssMegabytes)} MB at rest`);
  const first = await stage.startEmbedded();
  await stage.generator.ask('prepare', { run: stage.run, side: 'embedded', count: 100 });
  const made = { side: 'embedded', kind: 'put', port: first.port, seconds: 30, connections: 4 };
  await stage.generator.ask('load', made);
  await first.stop();
  const embedded = await repeat(times, () => stage.startEmbedded());
  tell(`start embedded: ${Math.round(embedded.readyMs)} ms, ${Math.round(embedded.rssMegabytes)} MB at rest`);
  return { real, embedded };
}

async function repeat(times, begin) {
  const ready = [];
  const rss = [];
  for (let time = 0; time < times; time++) {
    const part = await begin();
    ready.push(part.readyMs);
    await setTimeout(REST_MS);
    rss.push(rssOf(part.pid));
    await part.stop();
  }
  return { readyMs: median(ready), rssMegabytes: median(rss) };
}
