import { setTimeout } from 'node:timers/promises';

/** Asks again and again until the answer is neither false nor an error. @throws Error with the last reason when time is up */
export async function eventually<T>(ask: () => T | Promise<T>, withinMs = 20_000): Promise<Exclude<T, false>> {
  const end = performance.now() + withinMs;
  let reason: unknown;
  do {
    try {
      const answer = await ask();
      if (answer !== false) return answer as Exclude<T, false>;
      reason = undefined;
    } catch (error) {
      reason = error;
    }
    await setTimeout(10);
  } while (performance.now() < end);
  throw new Error(`It did not happen within ${withinMs} ms.`, { cause: reason });
}
