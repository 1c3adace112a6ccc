import { fork } from 'node:child_process';
import { once } from 'node:events';

/** The load generator's process, as a function that returns a promise of each job's result. */
export function startLoadGenerator() {
  const child = fork(new URL('load-generator.mjs', import.meta.url), { env: { PATH: process.env.PATH }, execArgv: [] });
  const waiting = new Map();
  let last = 0;
  child.on('message', ({ id, result, error }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) resolve(result);
    else reject(new Error(`load generator: ${error}`));
  });
  child.on('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error('The load generator is gone.'));
  });
  return {
    /** @param {'prepare' | 'load' | 'counts'} job @param {object} options */
    ask(job, options) {
      const id = ++last;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        child.send({ id, job, ...options });
      });
    },
    async stop() {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}
