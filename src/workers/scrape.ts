import type { Worker } from 'node:cluster';
import { mergeExpositions } from './exposition.js';

// The metrics of a worker on their way to the primary, which serves those of all.

/** Longer than a worker waits for its database. */
const PATIENCE_MS = 2000;
/** Of a worker that does not answer: an alert looks for it, and a series that is only missing alarms nobody. */
const NOT_READY = '# HELP basket_ready Whether this process can serve\n# TYPE basket_ready gauge\nbasket_ready 0\n';
/** By it a worker knows where its metrics are. */
const METRICS_URL = 'BASKET_METRICS_URL';

interface Question {
  readonly scrape: number;
}

interface Answer extends Question {
  readonly text: string;
}

let questions = 0;

/** What a worker finds in its environment besides. */
export const environmentOf = (metricsUrl: string) => ({ [METRICS_URL]: metricsUrl });

/** In a worker. @returns where the primary serves what it is answered */
export function answerScrapes(read: () => Promise<string>): string {
  const answer = async ({ scrape }: Question) => {
    const answer: Answer = { scrape, text: await read().catch(() => NOT_READY) };
    // The primary may be gone meanwhile, and this process soon is.
    process.send?.(answer, undefined, undefined, () => undefined);
  };
  process.on('message', (message) => {
    if (isQuestion(message)) void answer(message);
  });
  return process.env[METRICS_URL] ?? '';
}

/** In the primary. @param workers by number; those that do not serve are undefined */
export async function scrapeAll(workers: ReadonlyMap<number, Worker | undefined>): Promise<string> {
  const asked = [...workers].map(async ([place, worker]) => [place, await scrape(worker)] as const);
  return mergeExpositions(new Map(await Promise.all(asked)));
}

function scrape(worker: Worker | undefined): Promise<string> {
  if (!worker) return Promise.resolve(NOT_READY);
  const question: Question = { scrape: ++questions };
  return new Promise((resolve) => {
    const end = (text: string) => {
      clearTimeout(late);
      worker.off('message', onMessage);
      worker.off('exit', onLost);
      resolve(text);
    };
    const onLost = () => end(NOT_READY);
    const onMessage = (message: unknown) => {
      if (isAnswer(message) && message.scrape === question.scrape) end(message.text);
    };
    const late = setTimeout(onLost, PATIENCE_MS);
    worker.on('message', onMessage);
    worker.on('exit', onLost);
    worker.send(question, undefined, (error) => {
      if (error) onLost();
    });
  });
}

const isQuestion = (message: unknown): message is Question =>
  typeof message === 'object' && message !== null && 'scrape' in message;

const isAnswer = (message: unknown): message is Answer => isQuestion(message) && 'text' in message;
