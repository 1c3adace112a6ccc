// npm run events:republish -- --since <ISO time> [--user NAME]: sends events to the bus once more, from the store.
import { parseArgs } from 'node:util';
import { ConfigError, readConfig } from './config.js';
import { createDataSource } from './database/data-source.js';
import type { BasketDataSource } from './database/data-source.js';
import { Database } from './database/database.js';
import { NatsPublisher } from './outbox/nats.publisher.js';
import type { Publisher } from './outbox/publisher.js';
import { Replay } from './outbox/replay.js';
import type { Selection } from './outbox/replay.js';

const USAGE = 'Usage: npm run events:republish -- --since 2026-11-23T09:15:00Z [--user NAME]';
const ISO_8601 = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/;
const PROGRESS_MS = 1000;

class UsageError extends Error {}

let source: BasketDataSource | undefined;
let publisher: Publisher | undefined;
try {
  const selection = readArguments();
  const config = readConfig(process.env);
  if (!config.NATS_URL) throw new UsageError('NATS_URL is not set: without an event bus there is nobody to send to.');
  source = await createDataSource(config);
  await source.initialize();
  publisher = new NatsPublisher(config.NATS_URL);
  const replay = new Replay(new Database(source, false), publisher);
  const all = await replay.count(selection);
  process.stdout.write(`${all} events to send.\n`);
  const { sent, refused } = await replay.run(selection, progressOf(all));
  for (const { event, reason } of refused)
    process.stderr.write(`Event ${event.eventId} and what comes behind it in its basket was left out: ${reason}\n`);
  process.stdout.write(`${sent} events sent.\n`);
  if (refused.length > 0) process.exitCode = 1;
} catch (error) {
  const { message } = error as Error;
  const isPlain = error instanceof ConfigError || error instanceof UsageError;
  process.stderr.write(isPlain ? `${message}\n` : `Not all events could be sent: ${message}\n`);
  process.exitCode = 1;
} finally {
  await publisher?.close();
  await source?.destroy();
}

function readArguments(): Selection {
  const { since, user } = parse();
  const time = ISO_8601.test(since ?? '') ? new Date(since ?? '') : new Date(Number.NaN);
  if (Number.isNaN(time.getTime())) throw new UsageError(`--since must be an ISO 8601 time.\n${USAGE}`);
  return { since: time, userName: user?.normalize('NFC') };
}

function parse() {
  try {
    return parseArgs({ options: { since: { type: 'string' }, user: { type: 'string' } } }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n${USAGE}`);
  }
}

function progressOf(all: number): (sent: number) => void {
  let shown = performance.now();
  return (sent) => {
    if (performance.now() - shown < PROGRESS_MS) return;
    shown = performance.now();
    process.stdout.write(`${sent} of ${all} (${Math.floor((100 * sent) / Math.max(1, all))} %)\n`);
  };
}
