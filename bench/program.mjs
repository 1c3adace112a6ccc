import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Exit codes: what was measured is wrong, or right and not good enough. */
const FAILED = 1;
const MISSED = 2;
const RESULTS = fileURLToPath(new URL('results/', import.meta.url));

/**
 * A benchmark from its start to its exit code, in a folder of its own that is gone afterwards.
 *
 * @param {string} name of its file of results
 * @param {(folder: string, cleanUp: AsyncDisposableStack) => Promise<{ verdicts: Verdict[] }>} measure its results
 * @typedef {{ what: string, value: string, target: string, pass: boolean }} Verdict
 */
export async function program(name, measure) {
  const folder = mkdtempSync(join(tmpdir(), 'basket-bench-'));
  chmodSync(folder, 0o755);
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 300 }));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(FAILED));
  try {
    const machine = `${cpus().length} x ${cpus()[0].model}, ${Math.round(totalmem() / 1e9)} GB; load average ${loadavg()[0].toFixed(2)} before the run`;
    console.log(`  ${machine}\n  Node ${process.versions.node}`);
    const results = await within(folder, measure);
    for (const { what, value, target, pass } of results.verdicts)
      console.log(`${pass ? 'PASS' : 'FAIL'}  ${what}: ${value} (target ${target})`);
    mkdirSync(RESULTS, { recursive: true });
    const file = `${RESULTS}${name}.json`;
    writeFileSync(file, `${JSON.stringify({ time: new Date().toISOString(), machine, ...results }, null, 2)}\n`);
    console.log(file);
    process.exitCode = results.verdicts.every(({ pass }) => pass) ? 0 : MISSED;
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

/** Lines of a table in Markdown, the first one its head. @param {string[][]} rows */
export const markdownTable = ([head, ...rows]) =>
  [head, head.map((_, at) => (at === 0 ? '---' : '---:')), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
