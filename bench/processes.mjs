import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';

const STOP_MS = 10_000;

/** What runs, and the signal that ends it at once. @type {Map<import('node:child_process').ChildProcess, NodeJS.Signals>} */
const running = new Map();

// What is left when the run itself dies.
process.on('exit', () => {
  for (const [child, signal] of running) child.kill(signal);
});

/** @returns {Promise<number>} a port that nobody listens on right now */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {{ log: string, env?: object, uid?: number, gid?: number, cwd?: string, atOnce?: NodeJS.Signals }} options
 *   the environment has nothing of ours but PATH, so that a stray variable does not change what is measured
 */
export function start(command, args, { log, env = {}, atOnce = 'SIGKILL', ...options }) {
  const output = openSync(log, 'a');
  const child = spawn(command, args, {
    ...options,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  running.set(child, atOnce);
  child.once('exit', () => running.delete(child));
  child.once('error', () => running.delete(child));
  return child;
}

/** @param {NodeJS.Signals} [signal] */
export async function stop(child, signal = 'SIGTERM') {
  if (!running.has(child)) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  const late = setTimeout(STOP_MS, 'late', { ref: false });
  if ((await Promise.race([gone, late])) === 'late') child.kill('SIGKILL');
  await gone;
}

/** Asks again and again until the answer is 200. @throws Error with the end of the log when that does not come */
export async function untilAnswers(child, port, path, log, withinMs = 120_000) {
  const end = performance.now() + withinMs;
  const fail = (what) => {
    throw new Error(`${child.spawnargs.join(' ')} ${what}:\n${readFileSync(log, 'utf8').slice(-2000)}`);
  };
  while ((await statusOf(port, path)) !== 200) {
    if (!running.has(child)) fail(`ended with ${child.exitCode ?? child.signalCode}`);
    if (performance.now() > end) fail(`did not answer within ${withinMs} ms`);
    await setTimeout(5);
  }
}

function statusOf(port, path) {
  return new Promise((resolve) => {
    request({ port, path, host: '127.0.0.1', agent: false, timeout: 2000 }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', () => resolve(undefined))
      .end();
  });
}

/** @returns {Promise<{ status: number, headers: Record<string, string>, body: Buffer }>} */
export function fetchBytes(port, path) {
  return new Promise((resolve, reject) => {
    request({ port, path, host: '127.0.0.1', agent: false }, async (response) => {
      const chunks = [];
      for await (const chunk of response) chunks.push(chunk);
      resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) });
    })
      .on('error', reject)
      .end();
  });
}
