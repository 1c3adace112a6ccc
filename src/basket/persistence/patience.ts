import { Places } from '../../places.js';

const TURN_MS = 20;

interface Waiting {
  /** The turn at which it is given up. */
  readonly until: number;
  readonly giveUp: (error: Error) => void;
  isOver: boolean;
}

/**
 * Waits for answers, but not for ever. Time is counted in turns of one timer for all of them: a process that stood still, for a garbage
 * collection or want of a processor, has had one turn meanwhile, and first reads what has arrived. To take its own standstill for an
 * outage would have others serve what a write has replaced. A timer for each answer would cost a cached read a microsecond.
 */
export class Patience {
  private readonly waiting = new Places<Waiting>();
  private turn = 0;
  private timer: NodeJS.Timeout | undefined;

  /** @throws Error when the answer takes longer than so many milliseconds, rounded up to a turn, in which this process did not stand still */
  for<Answer>(answer: Promise<Answer>, ms: number): Promise<Answer> {
    return new Promise((resolve, giveUp: (error: Error) => void) => {
      // The turn under way is not a whole one.
      const one: Waiting = { until: this.turn + Math.ceil(ms / TURN_MS) + 1, giveUp, isOver: false };
      const place = this.waiting.add(one);
      this.timer ??= setInterval(() => this.next(), TURN_MS).unref();
      const end = () => {
        if (!one.isOver) this.waiting.remove(place);
        one.isOver = true;
      };
      answer.then(
        (value) => {
          end();
          resolve(value);
        },
        (error: unknown) => {
          end();
          giveUp(error as Error);
        },
      );
    });
  }

  private next(): void {
    this.turn++;
    if (this.waiting.size > 0) {
      // Behind what has arrived.
      setImmediate(() => this.giveUp());
      return;
    }
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private giveUp(): void {
    for (const [place, one] of this.waiting.entries()) {
      if (one.until > this.turn) continue;
      this.waiting.remove(place);
      one.isOver = true;
      one.giveUp(new Error('It did not answer in time.'));
    }
  }
}
