import { once } from 'node:events';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { start } from '../processes.mjs';

const EVERY_MS = 5000;

/**
 * Copies a peer into a folder that is gone after the run, and installs what its package.json names, in these versions.
 *
 * @param {string} name of its folder here
 * @param {string} folder of the run
 * @param {(text: string) => void} tell
 * @returns {Promise<string>} where it is
 */
export async function install(name, folder, tell) {
  const target = join(folder, name);
  cpSync(fileURLToPath(new URL(`${name}/`, import.meta.url)), target, { recursive: true });
  const { dependencies } = JSON.parse(readFileSync(join(target, 'package.json'), 'utf8'));
  const packages = Object.entries(dependencies).map(([one, version]) => `${one}@${version}`);
  const args = ['install', '--prefix', target, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  await toTheEnd('npm', args, { cwd: target, env: process.env }, `install ${packages.join(', ')}`, tell);
  return target;
}

/** Runs a program and tells that it does. @throws Error with the end of what it said */
export async function toTheEnd(command, args, options, what, tell) {
  const log = join(options.cwd, 'steps.log');
  const began = performance.now();
  const seconds = () => `${Math.round((performance.now() - began) / 1000)} s`;
  tell(`${what} ...`);
  const timer = setInterval(() => tell(`${what}: ${seconds()}`), EVERY_MS);
  try {
    const [code] = await once(start(command, args, { ...options, log }), 'exit');
    if (code !== 0) throw new Error(`${what} ended with ${code}:\n${readFileSync(log, 'utf8').slice(-2000)}`);
    tell(`${what}: done after ${seconds()}`);
  } finally {
    clearInterval(timer);
  }
}
