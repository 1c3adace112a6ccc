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
    return { path, key: `key-${Math.floor(at / USERS)}`, item: addition({ quantity: 1 }), answers: [] };
  });
  const waiting = [...commands];
  const sendNext = async () => {
    for (let command = waiting.shift(); command; command = waiting.shift()) {
      const { path, key, item } = command;
      const send = (api: Api) => api.post(`${path}/items`, item, { 'idempotency-key': key });
      const turns = Array.from({ length: repeats / apis.length }, () => apis).flat();
      command.answers.push(...(await Promise.all(turns.map(send))));
    }
  };
  await Promise.all(Array.from({ length: KEYS_AT_ONCE }, sendNext));
  return commands;
}

/** In what way the effects and answers are not those of each command once; empty when they are. */
export async function doublesIn(commands: readonly Command[], url: string): Promise<string[]> {
  const api = new Api(url);
  const found: string[] = [];
  const isReplay = ({ headers }: Answer) => headers['idempotent-replay'] === 'true';
  for (const { path, key, answers } of commands) {
    const texts = new Set(answers.map(({ status, headers, text }) => JSON.stringify([status, headers.etag, text])));
    if (texts.size !== 1) found.push(`${texts.size} different answers to ${key} of ${path}`);
    const first = answers.filter((answer) => !isReplay(answer));
    if (first.length !== 1) found.push(`${first.length} effects of ${key} of ${path} were told`);
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
