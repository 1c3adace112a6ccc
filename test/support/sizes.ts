/** Whether this is `npm run test:reliability`; `npm test` runs the same tests, smaller. */
export const isLong = process.env.RELIABILITY === 'long';

/** How much of something a test of a promise does. */
export const sized = <T>(quick: T, long: T): T => (isLong ? long : quick);

/** The line that a promise's test leaves in the log of the run. */
export function figure(promise: string, figures: string): void {
  process.stdout.write(`[reliability] ${promise}: ${figures}\n`);
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

export const count = (number: number): string => number.toLocaleString('en-US');
