import { randomBytes } from 'node:crypto';
import { eventually } from './eventually.js';
import type { OtlpReceiver } from './otlp-receiver.js';
import type { ReceivedSpan } from './otlp-receiver.js';
import { ServiceProcess } from './service-process.js';
import type { Env } from './service-process.js';
import type { Storage } from './storage.js';

/** A caller's trace: its id, and the header that continues it. */
export function someTrace(flags: '00' | '01' = '01') {
  const traceId = randomBytes(16).toString('hex');
  const parent = randomBytes(8).toString('hex');
  return { traceId, parent, headers: { traceparent: `00-${traceId}-${parent}-${flags}` } };
}

export const SERVER = 2;
export const CLIENT = 3;
export const PRODUCER = 4;
export const ERROR = 2;

/** A process that exports its traces there. */
export async function start(receiver: OtlpReceiver, storage: Storage, env: Env = {}) {
  return await ServiceProcess.start({ ...storage.env, ...receiver.env, ...env });
}

export function spanOf(spans: readonly ReceivedSpan[], name: string): ReceivedSpan {
  const found = spans.filter((span) => span.name === name);
  expect(found.map((span) => span.name)).toEqual([name]);
  return found[0] as ReceivedSpan;
}

/** The spans of a trace, when all that are expected have come. */
export const spansOf = async (receiver: OtlpReceiver, traceId: string, count: number) =>
  await eventually(() => {
    const spans = receiver.ofTrace(traceId);
    return spans.length >= count && spans;
  });
