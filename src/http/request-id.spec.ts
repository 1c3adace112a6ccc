import fc from 'fast-check';
import { requestIdOf } from './request-id.js';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const of = (id: string | string[]) => requestIdOf({ headers: { 'x-request-id': id } });

describe('The id of a request', () => {
  it.each([
    'a',
    '4bf92f3577b34da6a3ce929d0e0e4736',
    'Root=1-5759e988-bd862e3fe1be46a994272793',
    'a.b:c+d/e=f@g_h-i',
    'x'.repeat(128),
  ])("is the caller's %j", (id) => expect(of(id)).toBe(id));

  it.each([
    '',
    ' ',
    'x'.repeat(129),
    'a b',
    'a\n',
    'a\r\nset-cookie: b',
    '\x1b[31m',
    'a,b',
    '"a"',
    '<script>',
    'é',
    '{"a":1}',
    '%0a',
    '$(id)',
  ])("is a new one instead of the caller's %j", (id) => expect(of(id)).toMatch(UUID_V7));

  it('is a new one when the caller has none, or several', () => {
    expect(requestIdOf({ headers: {} })).toMatch(UUID_V7);
    expect(of(['a', 'b'])).toMatch(UUID_V7);
  });

  it('is another one each time', () => expect(requestIdOf({ headers: {} })).not.toBe(requestIdOf({ headers: {} })));

  /** Node gives headers as Latin-1. */
  const header = fc.uint8Array({ maxLength: 140 }).map((bytes) => Buffer.from(bytes).toString('latin1'));

  it('can stand in a header and a log line, whatever the caller sends', () =>
    fc.assert(fc.property(header, (id) => expect(of(id)).toMatch(/^[\x21-\x7e]{1,128}$/))));
});
