import { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { VersionStream } from './version-stream.js';

/** A client that takes what it is sent only when the test says so. */
class SlowClient extends Writable {
  readonly taken: string[] = [];
  private take: (() => void) | undefined;

  constructor(private readonly patient = false) {
    super({ highWaterMark: 1 });
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.taken.push(chunk.toString());
    if (this.patient) this.take = done;
    else done();
  }

  async goOn(): Promise<void> {
    const { take } = this;
    this.take = undefined;
    take?.();
    await setImmediate();
  }
}

const idsIn = (text: string) => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));

async function open({ version = 7, has, patient }: { version?: number; has?: number; patient?: boolean } = {}) {
  const stream = new VersionStream();
  const client = new SlowClient(patient);
  stream.pipe(client);
  stream.start(version, has);
  await setImmediate();
  return {
    stream,
    client,
    sent: async () => {
      await setImmediate();
      return client.taken.join('');
    },
  };
}

describe('A stream of versions', () => {
  it('sends the version at once, as an event whose id it is', async () => {
    const { sent } = await open();
    expect(await sent()).toMatch(/^retry: \d+\n\nid: 7\ndata: \{"version":7\}\n\n$/);
  });

  it('wants its clients back after one to three seconds, not all at once', async () => {
    const delays = await Promise.all(
      Array.from({ length: 50 }, async () => Number(/^retry: (\d+)/.exec(await (await open()).sent())?.[1])),
    );
    for (const delay of delays) expect(delay).toBeGreaterThanOrEqual(1000);
    for (const delay of delays) expect(delay).toBeLessThan(3000);
    expect(new Set(delays).size).toBeGreaterThan(10);
  });

  it('sends nothing but the greeting to a client that has the version', async () => {
    const { stream, sent } = await open({ has: 7 });
    expect(await sent()).toMatch(/^retry: \d+\n\n$/);
    stream.next(8);
    expect(idsIn(await sent())).toEqual([8]);
  });

  it.each([3, 9])('sends the version to a client that has %i', async (has) => {
    const { sent } = await open({ has });
    expect(idsIn(await sent())).toEqual([7]);
  });

  it('sends each newer version once, and no older one', async () => {
    const { stream, sent } = await open();
    for (const version of [8, 8, 5, 9, 7, 9]) {
      stream.next(version);
      await sent();
    }
    expect(idsIn(await sent())).toEqual([7, 8, 9]);
  });

  it('begins with what it was told of while the version was being read', async () => {
    const stream = new VersionStream();
    const client = new SlowClient();
    stream.pipe(client);
    stream.next(9);
    await setImmediate();
    expect(client.taken).toEqual([]);
    stream.start(7);
    await setImmediate();
    expect(idsIn(client.taken.join(''))).toEqual([9]);
  });

  it('keeps only the newest version for a client that takes nothing', async () => {
    const { stream, client, sent } = await open({ patient: true });
    for (let version = 8; version <= 100_000; version++) stream.next(version);
    expect(stream.readableLength).toBeLessThan(200);
    expect(client.writableLength).toBeLessThan(200);
    for (let n = 0; n < 5; n++) await client.goOn();
    const ids = idsIn(await sent());
    expect(ids.at(-1)).toBe(100_000);
    expect(ids.length).toBeLessThan(5);
  });

  it('sends a comment as a sign of life', async () => {
    const { stream, sent } = await open();
    const before = await sent();
    stream.beat();
    expect(await sent()).toBe(`${before}:\n\n`);
  });

  it('gives up a client that leaves several signs of life untaken, and keeps one that takes them late', async () => {
    const { stream, client } = await open({ patient: true });
    stream.next(8); // Buffered on the way.
    for (let n = 0; n < 3; n++) stream.beat();
    for (let n = 0; n < 3; n++) await client.goOn();
    for (let n = 0; n < 3; n++) stream.beat();
    expect(stream.destroyed).toBe(false);
    for (let n = 0; n < 5; n++) stream.beat();
    expect(stream.destroyed).toBe(true);
  });

  it('ends after what is still to be sent', async () => {
    const { stream, client, sent } = await open();
    stream.next(8);
    stream.end();
    expect(idsIn(await sent())).toEqual([7, 8]);
    expect(client.writableFinished).toBe(true);
  });

  it('ends right after it has started when it was ended before', async () => {
    const stream = new VersionStream();
    const client = new SlowClient();
    stream.pipe(client);
    stream.end();
    await setImmediate();
    expect(client.writableEnded).toBe(false);
    stream.start(7);
    await setImmediate();
    expect(idsIn(client.taken.join(''))).toEqual([7]);
    expect(client.writableFinished).toBe(true);
  });
});
