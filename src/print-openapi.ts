// npm run openapi: writes what a service with default limits serves at /openapi.yaml; with --check it only compares.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createApp } from './app.js';
import { readConfig } from './config.js';
import { createDataSource } from './database/data-source.js';

const { values, positionals } = parseArgs({ options: { check: { type: 'boolean' } }, allowPositionals: true });
const [file = 'openapi.yaml'] = positionals;

const app = await createApp(readConfig({ LOG_LEVEL: 'warn' }), (config) =>
  createDataSource(config, { inMemory: true }),
);
const { payload } = await app.inject({ url: '/openapi.yaml' });
await app.close();

if (!values.check) writeFileSync(file, payload);
else if (readFileSync(file, 'utf8') !== payload) {
  process.stderr.write(`${file} differs from the code. Run: npm run openapi\n`);
  process.exitCode = 1;
}
