// npm run asyncapi: writes asyncapi.yaml, and the reference in docs/events.md, from src/basket/event-catalogue.ts.
// With --check it only compares.
import { readFileSync, writeFileSync } from 'node:fs';
import { dump } from 'js-yaml';
import { format, resolveConfig } from 'prettier';
import { asyncApiDocument } from '../dist/src/asyncapi.js';
import { dataSchemaOf, eventCatalogue, eventTypes } from '../dist/src/basket/event-catalogue.js';

const PAGE = 'docs/events.md';
const MARK = '<!-- What follows is written by npm run asyncapi. -->';

const json = (value) => `\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\`\n`;
const sections = eventTypes.map(
  (type) =>
    `### ${type}\n\n${eventCatalogue[type].summary}\n\n${json(eventCatalogue[type].example)}\n` +
    `<details><summary>JSON Schema of <code>data</code></summary>\n\n${json(dataSchemaOf(type))}\n</details>\n`,
);
const [prose] = readFileSync(PAGE, 'utf8').split(MARK);
const page = `${prose}${MARK}\n\n${sections.join('\n')}`;

const yaml = `# Written by npm run asyncapi from src/basket/event-catalogue.ts.\n${dump(asyncApiDocument(), { lineWidth: 120, noRefs: true })}`;
const files = {
  'asyncapi.yaml': yaml,
  [PAGE]: await format(page, { ...(await resolveConfig(PAGE)), filepath: PAGE }),
};

for (const [file, text] of Object.entries(files)) {
  if (!process.argv.includes('--check')) writeFileSync(file, text);
  else if (readFileSync(file, 'utf8') !== text) {
    process.stderr.write(`${file} differs from the code. Run: npm run asyncapi\n`);
    process.exitCode = 1;
  }
}
