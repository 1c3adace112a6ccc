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

const READY_FOR_QUERY = 0x5a;
const IDLE = 0x49;
/** Type and length. */
const HEADER = 5;

/** Follows the server's byte stream, however it is cut, to know whether a transaction is open. */
export class ServerState {
  /** What ReadyForQuery said last. */
  idle = true;
  private header: Buffer = Buffer.alloc(0);
  /** Bytes of the body of the message at hand that are still to come. */
  private left = 0;

  take(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.left > 0) {
        const skipped = Math.min(this.left, chunk.length - at);
        at += skipped;
        this.left -= skipped;
        // The status is the one byte of its body.
        if (this.left === 0 && this.header[0] === READY_FOR_QUERY) this.idle = chunk[at - 1] === IDLE;
      } else {
        if (this.header.length === HEADER) this.header = Buffer.alloc(0);
        const taken = chunk.subarray(at, at + HEADER - this.header.length);
        this.header = Buffer.concat([this.header, taken]);
        at += taken.length;
        if (this.header.length === HEADER) this.left = this.header.readInt32BE(1) - 4;
      }
    }
  }
}
