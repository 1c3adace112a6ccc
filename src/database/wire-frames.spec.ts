import fc from 'fast-check';
import { Frames } from './wire-frames.js';

const length = (payload: Uint8Array) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(payload.length + 4);
  return bytes;
};
const startup = (payload: Uint8Array) => Buffer.concat([length(payload), payload]);
const message = (type: string, payload: Uint8Array = Buffer.alloc(0)) =>
  Buffer.concat([Buffer.from(type), length(payload), payload]);

const bytes = (text: string) => Buffer.from(`${text}\0`);
const START = startup(bytes('\0\x03\0\0user\0postgres\0'));
const SYNC = message('S');
const TERMINATE = message('X');

/** What comes out for a stream that arrives in these pieces. */
function cut(chunks: readonly Buffer[]) {
  const frames = new Frames();
  const batches: string[] = [];
  for (const [at, chunk] of chunks.entries()) {
    const taken = frames.take(chunk);
    batches.push(...taken.batches.map((batch) => batch.toString('hex')));
    if (taken.terminated) return { batches, terminatedBy: at };
  }
  return { batches };
}

const hex = (...parts: Buffer[]) => Buffer.concat(parts).toString('hex');

describe('The messages of a client', () => {
  it('begin with one that has no type', () => expect(cut([START])).toEqual({ batches: [hex(START)] }));

  it('wait for their Sync and leave together with it', () => {
    const [parse, bind, execute] = [message('P', bytes('SELECT 1')), message('B', bytes('')), message('E', bytes(''))];
    expect(cut([START, parse, bind])).toEqual({ batches: [hex(START)] });
    expect(cut([START, parse, bind, execute, SYNC])).toEqual({
      batches: [hex(START), hex(parse, bind, execute, SYNC)],
    });
  });

  it('leave at once when they are a simple query', () => {
    const query = message('Q', bytes('SELECT 1'));
    expect(cut([START, query, query])).toEqual({ batches: [hex(START), hex(query), hex(query)] });
  });

  it('are not told apart by what is in them', () => {
    const parse = message('P', Buffer.concat([SYNC, TERMINATE, message('Q')]));
    expect(cut([START, parse, SYNC])).toEqual({ batches: [hex(START), hex(parse, SYNC)] });
  });

  it('end with Terminate, which leaves nobody to answer', () => {
    const parse = message('P', bytes('SELECT 1'));
    expect(cut([START, SYNC, parse, TERMINATE])).toEqual({ batches: [hex(START), hex(SYNC)], terminatedBy: 3 });
    expect(cut([Buffer.concat([START, SYNC, TERMINATE])])).toEqual({
      batches: [hex(START), hex(SYNC)],
      terminatedBy: 0,
    });
  });

  it('are nothing before they are whole', () => {
    expect(cut([Buffer.alloc(0)])).toEqual({ batches: [] });
    for (let end = 0; end < START.length; end++) expect(cut([START.subarray(0, end)])).toEqual({ batches: [] });
  });
});

describe('A stream', () => {
  const payload = fc.uint8Array({ maxLength: 40 });
  const type = fc.constantFrom(...Array.from('PBDECHdcfSQSQ'));
  const messages = fc.array(fc.record({ type, payload }), { maxLength: 20 });
  const cuts = fc.array(fc.nat(2000), { maxLength: 30 });

  const split = (stream: Buffer, at: readonly number[]) => {
    const ends = [...at.map((cutAt) => cutAt % (stream.length + 1)), stream.length].sort((a, b) => a - b);
    return ends.map((end, index) => stream.subarray(index === 0 ? 0 : ends[index - 1], end));
  };

  it('gives the same batches however it is cut into chunks', () =>
    fc.assert(
      fc.property(payload, messages, fc.boolean(), cuts, (first, rest, ends, at) => {
        const whole = [
          startup(first),
          ...rest.map((one) => message(one.type, one.payload)),
          ...(ends ? [TERMINATE] : []),
        ];
        const expected: string[] = [hex(startup(first))];
        let open: Buffer[] = [];
        for (const one of whole.slice(1)) {
          open.push(one);
          if (one[0] !== SYNC[0] && one[0] !== 'Q'.charCodeAt(0)) continue;
          expected.push(hex(...open));
          open = [];
        }
        const outcome = cut(split(Buffer.concat(whole), at));
        expect(outcome.batches).toEqual(expected);
        expect(outcome.terminatedBy !== undefined).toBe(ends);
      }),
      { numRuns: 300 },
    ));

  it('gives the same batches byte by byte', () =>
    fc.assert(
      fc.property(messages, (rest) => {
        const stream = Buffer.concat([START, ...rest.map((one) => message(one.type, one.payload))]);
        expect(cut(Array.from(stream, (byte) => Buffer.of(byte)))).toEqual(cut([stream]));
      }),
      { numRuns: 50 },
    ));
});
