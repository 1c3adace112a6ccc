// node --expose-gc --import ./test/support/heap-on-demand.mjs dist/src/main.js: at each SIGUSR2 it collects garbage and
// writes what is left of the heap to its log.
process.on('SIGUSR2', () => {
  for (let n = 0; n < 3; n++) globalThis.gc();
  const { heapUsed } = process.memoryUsage();
  process.stdout.write(`${JSON.stringify({ level: 30, msg: 'heap', heapUsed })}\n`);
});
