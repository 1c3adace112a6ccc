import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { addition, someBasket } from './shopping.js';

const AFTER_DRAIN = 10;

export interface Outcome {
  /** A status, or the code of a network error. */
  readonly answer: number | string;
  readonly whileDraining: boolean;
}

/** Like a load balancer's worker: keeps its connection, and goes away a few requests after readiness went down. */
export async function work(url: string, isDraining: () => boolean, outcomes: Outcome[]): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const path = `${someBasket()}/items`;
  for (let rest = AFTER_DRAIN; rest > 0;) {
    const whileDraining = isDraining();
    if (whileDraining) rest--;
    const answer = await add(url + path, agent);
    // On a machine this slow the listener was closed before the request could be sent.
    if (whileDraining && answer === 'ECONNREFUSED') break;
    outcomes.push({ whileDraining, answer });
  }
  agent.destroy();
}

async function add(url: string, agent: Agent): Promise<number | string> {
  const sent = request(url, { method: 'POST', agent, headers: { 'content-type': 'application/json' } });
  sent.end(JSON.stringify(addition({ productId: 'a81bc81b-dead-4e5d-abff-90865d1e13b1', quantity: 1 })));
  try {
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    for await (const _ of response);
    return response.statusCode ?? 0;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
