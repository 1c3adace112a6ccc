// … | node test/support/slow-pipe.mjs: passes on what it reads, so slowly that the pipe in front of it is full.
import { readSync, writeSync } from 'node:fs';

const PAUSE_MS = 2;
const buffer = Buffer.alloc(8192);
const never = new Int32Array(new SharedArrayBuffer(4));
for (let length; (length = readSync(0, buffer)) > 0;) {
  writeSync(1, buffer, 0, length);
  Atomics.wait(never, 0, 0, PAUSE_MS);
}
