import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Exit codes: what was measured is wrong, or right and not good enough. */
export const FAILED = 1;
const MISSED = 2;
const RESULTS = fileURLToPath(new URL('results/', import.meta.url));

/** As it is before the run. */
export const machine = () =>
  `${cpus().length} x ${cpus()[0].model}, ${Math.round(totalmem() / 1e9)} GB; load average ${loadavg()[0].toFixed(2)} before the run`;

/**
 * A benchmark from its start to its exit code, in a folder of its own that is gone afterwards.
 *
 * @param {(folder: string, cleanUp: AsyncDisposableStack) => Promise<number>} measure gives the exit code
 */
export async function benchmark(measure) {
  const folder = mkdtempSync(join(tmpdir(), 'basket-bench-'));
  chmodSync(folder, 0o755);
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 300 }));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(FAILED));
  try {
    process.exitCode = await within(folder, measure);
  } catch (error) {
    // What went wrong first, and what then went wrong in cleaning up.
    for (const one of error instanceof SuppressedError ? [error.suppressed, error.error] : [error]) console.error(one);
    process.exitCode = FAILED;
  }
}

async function within(folder, measure) {
  await using cleanUp = new AsyncDisposableStack();
  return await measure(folder, cleanUp);
}

/**
 * The same for one that has verdicts, which it prints, and a file of results.
 *
 * @param {string} name of its file of results
 * @param {(folder: string, cleanUp: AsyncDisposableStack) => Promise<{ verdicts: Verdict[] }>} measure its results
 */
export async function program(name, measure) {
  const about = machine();
  await benchmark(async (folder, cleanUp) => {
    console.log(`  ${about}\n  Node ${process.versions.node}`);
    const results = await measure(folder, cleanUp);
    for (const verdict of results.verdicts) console.log(lineOf(verdict));
    mkdirSync(RESULTS, { recursive: true });
    const file = `${RESULTS}${name}.json`;
    writeFileSync(file, `${JSON.stringify({ time: new Date().toISOString(), machine: about, ...results }, null, 2)}\n`);
    console.log(file);
    return exitCodeOf(results.verdicts);
  });
}

/**
 * @typedef {{ what: string, value: string, target: string, pass: boolean | undefined }} Verdict what has no target neither passes nor fails
 * @param {Verdict} verdict
 */
export const lineOf = ({ what, value, target, pass }) =>
  `${pass === undefined ? 'MEASURED' : pass ? 'PASS' : 'FAIL'}  ${what}: ${value} (target ${target})`;

/** @param {Verdict[]} verdicts */
export const exitCodeOf = (verdicts) => (verdicts.some(({ pass }) => pass === false) ? MISSED : 0);

/** Lines of a table in Markdown, the first one its head. @param {string[][]} rows */
export const markdownTable = ([head, ...rows]) =>
  [head, head.map((_, at) => (at === 0 ? '---' : '---:')), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
