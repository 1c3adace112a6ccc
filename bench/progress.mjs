const EVERY_MS = 5000;

/**
 * Tells now and then how far something is, how fast, and how long it will still take.
 *
 * @param {number} total
 * @param {(text: string) => void} tell
 * @returns {(done: number) => void}
 */
export function progressOf(what, total, tell) {
  const start = performance.now();
  let told = start;
  return (done) => {
    const now = performance.now();
    if (now - told < EVERY_MS && done < total) return;
    told = now;
    const rate = done / ((now - start) / 1000);
    const left = Math.round((total - done) / rate);
    tell(
      `${what}: ${done.toLocaleString('en')} of ${total.toLocaleString('en')} (${Math.round((100 * done) / total)} %), ` +
        `${Math.round(rate).toLocaleString('en')}/s, ${left} s left`,
    );
  };
}
