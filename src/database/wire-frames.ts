const SYNC = 0x53;
const QUERY = 0x51;
const TERMINATE = 0x58;

/** Cuts a client's byte stream (PostgreSQL protocol 3.0) into batches that each end with Sync or a simple Query. */
export class Frames {
  private rest: Buffer = Buffer.alloc(0);
  private started = false;

  take(chunk: Buffer): { batches: Buffer[]; terminated: boolean } {
    const input = this.rest.length > 0 ? Buffer.concat([this.rest, chunk]) : chunk;
    const batches: Buffer[] = [];
    let at = 0;
    let sent = 0;
    for (;;) {
      const end = this.endOfMessage(input, at);
      if (end === undefined) break;
      // The first message has no type byte.
      const type = this.started ? input[at] : SYNC;
      if (type === TERMINATE) return { batches, terminated: true };
      this.started = true;
      at = end;
      if (type !== SYNC && type !== QUERY) continue;
      batches.push(input.subarray(sent, at));
      sent = at;
    }
    this.rest = input.subarray(sent);
    return { batches, terminated: false };
  }

  private endOfMessage(input: Buffer, at: number): number | undefined {
    const length = at + (this.started ? 1 : 0);
    if (input.length < length + 4) return undefined;
    const end = length + input.readInt32BE(length);
    return end <= input.length ? end : undefined;
  }
}
