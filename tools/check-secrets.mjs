// Looks for keys, tokens and passwords in every file that git knows, or in those that are named.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { lintSource } from '@secretlint/core';
import { creator as preset } from '@secretlint/secretlint-rule-preset-recommend';

/** What tests plant so as to see that it does not get out, and variables. */
const ALLOWED = ['/canary-secret/', '/:hidden@/', '/:p%40ss@/', '/:\\$password@/'];
const CONNECTION_STRINGS = '@secretlint/secretlint-rule-database-connection-string';

const config = {
  rules: [
    {
      id: '@secretlint/secretlint-rule-preset-recommend',
      rule: preset,
      rules: [{ id: CONNECTION_STRINGS, options: { allows: ALLOWED } }],
    },
  ],
};

const named = process.argv.slice(2);
const files = named.length > 0 ? named : execFileSync('git', ['ls-files', '-z']).toString().split('\0').filter(Boolean);
let found = 0;
for (const filePath of files) {
  const source = { filePath, content: readFileSync(filePath, 'utf8'), contentType: 'text', ext: '' };
  const { messages } = await lintSource({ source, options: { config, maskSecrets: true } });
  found += messages.length;
  for (const { loc, message } of messages) process.stderr.write(`${filePath}:${loc.start.line}: ${message}\n`);
}
if (found === 0) process.stdout.write(`${files.length} files: no secrets.\n`);
process.exitCode = found > 0 ? 1 : 0;
