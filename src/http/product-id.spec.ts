import fc from 'fast-check';
import { parseProductId } from './product-id.js';

const refused = expect.objectContaining({
  code: 'validation-failed',
  extensions: { errors: [{ pointer: '#/path/productId', detail: 'must be a UUID' }] },
}) as Error;

describe('A product id in a path', () => {
  it('is a UUID of any version, in lower case whatever case it came in', () =>
    fc.assert(
      fc.property(fc.uuid(), (id) => {
        expect(parseProductId(id)).toBe(id);
        expect(parseProductId(id.toUpperCase())).toBe(id);
      }),
    ));

  it.each(['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'])('may be %s', (id) =>
    expect(parseProductId(id)).toBe(id),
  );

  it.each([
    '',
    '5334c996-8457-4cf0-815c-ed2b77c4ff6',
    '5334c996-8457-4cf0-815c-ed2b77c4ff611',
    '5334c99684574cf0815ced2b77c4ff61',
    '5334c996-8457-4cf0-815c_ed2b77c4ff61',
    '{5334c996-8457-4cf0-815c-ed2b77c4ff61}',
    'urn:uuid:5334c996-8457-4cf0-815c-ed2b77c4ff61',
    '5334c996-8457-4cf0-815c-ed2b77c4ffg1',
    '5334c996-8457-4cf0-815c-ed2b77c4ff61\n',
    ' 5334c996-8457-4cf0-815c-ed2b77c4ff61',
    '５334c996-8457-4cf0-815c-ed2b77c4ff61',
  ])('is not %j', (text) => expect(() => parseProductId(text)).toThrow(refused));
});
