import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { lineOf } from './program.mjs';

const FOLDER = fileURLToPath(new URL('results/', import.meta.url));

/** Cores that other programs may use, and the load generator of its one, before the figures are not worth much. */
const MOST_OTHERS = 0.1;
const MOST_GENERATOR = 0.95;

const ALONE = { hot: 'add to one basket', open: 'open loop, mixed' };
const COLUMNS = ['', 'requests/s', 'p50 ms', 'p99 ms', 'CPU µs/request', 'CPU busy', 'RSS MB', 'answer bytes'];

/** @param {object} report as `run.mjs` puts it together @returns {string} the tables and verdicts for a terminal */
export function textOf({ machine, scenarios, alone, start, verdicts, errors, verified, leftOut }) {
  const others = Object.entries(alone).map(([name, { figures }]) => [ALONE[name], ...cells(figures)]);
  const started = Object.entries(start).map(
    ([where, { readyMs, rssMegabytes }]) =>
      `start, ${where}: ready after ${Math.round(readyMs)} ms, ${Math.round(rssMegabytes)} MB at rest`,
  );
  return [
    warningsOf(scenarios),
    Object.entries(machine)
      .map(([name, value]) => `${name}: ${value}`)
      .join('\n'),
    table([COLUMNS, ...rowsOf(scenarios), ...others]),
    started.join('\n'),
    verdicts.map(lineOf).join('\n'),
    `Verified: ${verified}`,
    `Left out: ${leftOut}`,
    `Errors: ${Object.keys(errors).length === 0 ? 'none' : JSON.stringify(errors)}`,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

const rowsOf = (scenarios) =>
  Object.entries(scenarios).flatMap(([name, { service, reference, sides = [name, '  its reference'] }]) => [
    [sides[0], ...cells(service)],
    [sides[1], ...cells(reference)],
  ]);

/** @param {object} scenarios what `alternate` gives, by name; with `sides` where they are to be called something else */
export const tableOf = (scenarios) =>
  [warningsOf(scenarios), table([COLUMNS, ...rowsOf(scenarios)])].filter((part) => part !== '').join('\n\n');

/** @param {object} scenarios what `alternate` gives, by whatever names */
export function warningsOf(scenarios) {
  const highest = (name) =>
    Math.max(
      0,
      ...Object.values(scenarios)
        .flatMap(({ service, reference }) => [service[name], reference[name]])
        .filter(Number.isFinite),
    );
  const others = highest('othersBusy');
  const generator = highest('generatorBusy');
  const warnings = [];
  if (others > MOST_OTHERS)
    warnings.push(
      `WARNING: other programs used ${others.toFixed(2)} cores meanwhile; run it again on a quiet machine.`,
    );
  if (generator > MOST_GENERATOR)
    warnings.push(
      `WARNING: the load generator was busy ${(100 * generator).toFixed(0)} % of the time and held both back.`,
    );
  return warnings.join('\n');
}

const cells = ({ requestsPerSecond, p50, p99, cpuMicrosPerRequest, busy, rssMegabytes, bodyBytes }) => [
  fixed(requestsPerSecond, 0),
  fixed(p50, 2),
  fixed(p99, 2),
  fixed(cpuMicrosPerRequest, 1),
  fixed(busy * 100, 0, ' %'),
  fixed(rssMegabytes, 0),
  fixed(bodyBytes, 0),
];

/** Not all is known of all. */
const fixed = (value, digits, unit = '') => (Number.isFinite(value) ? `${value.toFixed(digits)}${unit}` : '-');

export function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join('  ');
  return rows.map(line).join('\n');
}

/** @returns {string} the file, beside which `latest.json` has the same */
export function write(report) {
  mkdirSync(FOLDER, { recursive: true });
  const file = `${FOLDER}${report.time.replaceAll(':', '-')}.json`;
  // The latest is that of the service against the bare handlers.
  for (const path of report.variant ? [file] : [file, `${FOLDER}latest.json`])
    writeFileSync(path, `${JSON.stringify(report, null, 2)}\n`);
  return file;
}
