import { Places } from './places.js';

describe('Places', () => {
  it('hold what was added until it is removed', () => {
    const places = new Places<string>();
    const [a, , c] = ['a', 'b', 'c'].map((item) => places.add(item));
    places.remove(a ?? Number.NaN);
    expect([...places]).toEqual(['b', 'c']);
    expect(places.size).toBe(2);
    places.remove(c ?? Number.NaN);
    expect([...places]).toEqual(['b']);
  });

  it('are used again, so that there are no more than were ever taken at once', () => {
    const places = new Places<number>();
    const taken = new Set<number>();
    for (let item = 0; item < 100; item++) {
      const [one, other] = [places.add(item), places.add(item)];
      taken.add(one).add(other);
      places.remove(one);
      places.remove(other);
    }
    expect(taken.size).toBe(2);
    expect(places.size).toBe(0);
  });

  it('are free once, however often they are removed', () => {
    const places = new Places<string>();
    const place = places.add('a');
    places.remove(place);
    places.remove(place);
    expect(places.size).toBe(0);
    expect(places.add('b')).not.toBe(places.add('c'));
    expect([...places].sort()).toEqual(['b', 'c']);
  });

  it('may be given back while they are looked through', () => {
    const places = new Places<number>();
    const all = [0, 1, 2].map((item) => places.add(item));
    const seen: number[] = [];
    for (const item of places) {
      seen.push(item);
      for (const place of all) places.remove(place);
    }
    expect(seen).toEqual([0]);
  });
});
