import { execFileSync } from 'node:child_process';
import { jest } from '@jest/globals';

jest.setTimeout(60_000);

const LINES = 5000;

/** What two processes log to one pipe that is full. @returns how many lines there are, and how many are none */
function logOfTwo(isShared: boolean) {
  const writer = `"${process.execPath}" test/support/log-lines.mjs ${isShared}`;
  const script = `{ ${writer} & ${writer}; wait; } | "${process.execPath}" test/support/slow-pipe.mjs`;
  const options = { encoding: 'utf8', maxBuffer: 100_000_000, env: { PATH: process.env.PATH } } as const;
  const lines = execFileSync('sh', ['-c', script], options).trimEnd().split('\n');
  return { whole: lines.filter(isWhole).length, torn: lines.filter((line) => !isWhole(line)).length };
}

function isWhole(line: string): boolean {
  try {
    return (JSON.parse(line) as { msg: string }).msg === 'line';
  } catch {
    return false;
  }
}

describe('The log of several workers', () => {
  it('has whole lines, also when its reader is slow', () =>
    expect(logOfTwo(true)).toEqual({ whole: 2 * LINES, torn: 0 }));

  it('has torn ones when they write as a process does that is alone: the test above can fail', () =>
    expect(logOfTwo(false).torn).toBeGreaterThan(0));
});
