import { eventually } from './eventually.js';

export interface ServerEvent {
  readonly id: string;
  readonly data: unknown;
}

/** A client of server-sent events that shows what it was sent. */
export class EventStream implements AsyncDisposable {
  readonly events: ServerEvent[] = [];
  readonly comments: string[] = [];
  /** Milliseconds after which the service wants it back. */
  retry: number | undefined;
  /** How the stream ended, once it has. */
  ended: 'cleanly' | 'broken' | undefined;

  private constructor(
    readonly response: Response,
    private readonly abort: AbortController,
  ) {
    void this.read();
  }

  static async open(url: string, lastEventId?: string, more: Record<string, string> = {}): Promise<EventStream> {
    const abort = new AbortController();
    const headers = { ...more, ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) };
    return new EventStream(await fetch(url, { headers, signal: abort.signal }), abort);
  }

  get versions(): number[] {
    return this.events.map(({ id }) => Number(id));
  }

  /** Resolves when it has been told of this version or a later one. */
  async reaches(version: number, withinMs?: number): Promise<void> {
    await eventually(() => (this.versions.at(-1) ?? 0) >= version, withinMs).catch((error: unknown) => {
      throw new Error(`Got ${this.versions.join(', ')}, not ${version}.`, { cause: error });
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.abort.abort();
    return Promise.resolve();
  }

  private async read(): Promise<void> {
    let text = '';
    try {
      for await (const chunk of this.response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        text += chunk;
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) this.take(block.split('\n'));
      }
      this.ended = text === '' ? 'cleanly' : 'broken';
    } catch {
      this.ended = 'broken';
    }
  }

  private take(lines: readonly string[]): void {
    const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
    this.comments.push(...lines.filter((line) => line.startsWith(':')));
    const [id, data, retry] = [field('id'), field('data'), field('retry')];
    if (retry !== undefined) this.retry = Number(retry);
    if (id !== undefined && data !== undefined) this.events.push({ id, data: JSON.parse(data) });
  }
}
