import { randomUUID } from 'node:crypto';
import type { Basket } from './api.js';
import { Api } from './api.js';
import type { Answer } from './contract.js';
import { addition, basketOf } from './shopping.js';

/** Keys whose repeats are under way at once. */
const KEYS_AT_ONCE = 10;
const USERS = 8;

/** One command that is sent again and again: it adds one piece of a product that no other command adds. */
interface Command {
  readonly path: string;
  readonly key: string;
  readonly item: ReturnType<typeof addition>;
  readonly answers: Answer[];
  /** Requests that were answered by none: they were sent again. */
  unanswered: number;
}

/**
 * Sends as many commands as there are keys, each many times at once, in turns to the processes.
 *
 * @param repeats a multiple of the number of processes
 */
export async function repeatAll(urls: readonly string[], keys: number, repeats: number): Promise<Command[]> {
  const apis = urls.map((url) => new Api(url));
  const paths = Array.from({ length: USERS }, () => basketOf(`user-${randomUUID()}`));
  // Every user has the same keys: they are a user's own.
  const commands = Array.from({ length: keys }, (_, at): Command => {
    const path = paths[at % USERS] ?? '';
    return { path, key: `key-${Math.floor(at / USERS)}`, item: addition({ quantity: 1 }), answers: [], unanswered: 0 };
  });
  const waiting = [...commands];
  const sendNext = async () => {
    for (let command = waiting.shift(); command; command = waiting.shift()) {
      const one = command;
      const turns = Array.from({ length: repeats / apis.length }, () => apis).flat();
      one.answers.push(...(await Promise.all(turns.map((api) => send(api, one)))));
    }
  };
  await Promise.all(Array.from({ length: KEYS_AT_ONCE }, sendNext));
  return commands;
}

/** Until it is answered: a busy machine may not be in time, or other writers be faster too many times. */
async function send(api: Api, command: Command): Promise<Answer> {
  for (;;) {
    const { path, item, key } = command;
    const answer = await api.post(`${path}/items`, item, { 'idempotency-key': key });
    if (answer.status !== 503 && answer.status !== 409) return answer;
    command.unanswered++;
  }
}

/** In what way the effects and answers are not those of each command once; empty when they are. */
export async function doublesIn(commands: readonly Command[], url: string): Promise<string[]> {
  const api = new Api(url);
  const found: string[] = [];
  const isReplay = ({ headers }: Answer) => headers['idempotent-replay'] === 'true';
  for (const { path, key, answers, unanswered } of commands) {
    const texts = new Set(answers.map(({ status, headers, text }) => JSON.stringify([status, headers.etag, text])));
    if (texts.size !== 1) found.push(`different answers to ${key} of ${path}: ${[...texts].join(', ').slice(0, 500)}`);
    const first = answers.filter((answer) => !isReplay(answer));
    // Who did it may be among those that were told nothing.
    if (first.length !== 1 && (first.length > 1 || unanswered === 0))
      found.push(`${first.length} effects of ${key} of ${path} were told`);
  }
  for (const [path, all] of Map.groupBy(commands, (command) => command.path)) {
    const basket = JSON.parse((await api.get(path)).text) as Basket;
    if (basket.items.length !== all.length || basket.totalItems !== all.length)
      found.push(`${basket.totalItems} pieces of ${all.length} products in ${path}`);
    // One event opens the basket, and each addition is one.
    if (basket.version !== all.length + 1) found.push(`${basket.version} events of ${all.length} commands in ${path}`);
  }
  return found;
}

/** Sends each command once more with another quantity. @returns what was answered */
export async function sendChanged(commands: readonly Command[], url: string): Promise<Answer[]> {
  const api = new Api(url);
  const answers: Answer[] = [];
  for (const { path, key, item } of commands)
    answers.push(await api.post(`${path}/items`, { ...item, quantity: 2 }, { 'idempotency-key': key }));
  return answers;
}
