import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { markdownTable } from './program.mjs';

const FILE = fileURLToPath(new URL('../docs/performance/plans.md', import.meta.url));
/** Of a run that does not count. */
const DRAFT = fileURLToPath(new URL('results/plans.md', import.meta.url));

const code = (names) => (names.length === 0 ? '' : names.map((name) => `\`${name}\``).join(', '));

/** @param {import('./plans.mjs').Plan[]} plans */
export function planVerdict(plans) {
  const wrong = plans.filter(({ scannedBig }) => scannedBig.length > 0);
  return {
    what: 'plans without a sequential scan of a large table',
    value: `${plans.length - wrong.length} of ${plans.length} statements${wrong.map(({ name, scannedBig }) => `; ${name} scans ${scannedBig.join(', ')}`).join('')}`,
    target: 'all',
    pass: plans.length > 0 && wrong.length === 0,
  };
}

/** @returns {string} the file */
export function writePlans(plans, { before, about, quick, notSent }) {
  const rows = plans.map(({ name, times, shapes, indexes, scanned, scannedBig, buffers, ms }) => [
    `[${name}](#${name.replaceAll(' ', '-').replace(/[^\w-]/g, '')})`,
    code(indexes),
    code(scanned),
    String(buffers),
    ms.toFixed(2),
    `${times}${shapes > 1 ? ` (${shapes} plans)` : ''}`,
    scannedBig.length > 0 ? 'FAIL' : 'PASS',
  ]);
  const head = ['statement', 'indexes', 'read whole (small tables)', 'pages', 'ms', 'executions', ''];
  const details = plans.map(
    ({ name, text, plan }) => `## ${name}\n\n\`\`\`sql\n${text}\n\`\`\`\n\n\`\`\`text\n${plan}\n\`\`\``,
  );
  const file = quick ? DRAFT : FILE;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(
    file,
    `<!-- Written by npm run bench:scale; do not edit. -->

# Plans of the statements

\`EXPLAIN (ANALYZE, BUFFERS)\` of what the service sent to a database of ${before.baskets.toLocaleString('en')} baskets and ${before.events.toLocaleString('en')} events while every
route was used, logged by \`auto_explain\` in the sessions of the service itself: prepared statements with the plans that
PostgreSQL keeps for them. ${about}.

Of each statement the plan that was executed most often is shown, in its latest execution. \`indexes\` and \`read whole\` are of all
its executions; large are the tables that grow with users or events, and those may not be read whole. \`pages\` counts
each time a page of 8 KB was looked at.

${markdownTable([head, ...rows])}

In the code, and not sent in this run: ${code(notSent)}.

${details.join('\n\n')}
`,
  );
  return file;
}
