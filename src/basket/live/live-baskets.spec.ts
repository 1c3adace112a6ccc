import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { LiveBaskets } from './live-baskets.js';
import type { Announcements, Listener } from './live-baskets.js';

const OPTIONS = { most: 3, heartbeatMs: 10_000, checkMs: 1000, quietCheckMs: 5000 };

class Ear implements Listener {
  readonly heard: (number | 'beat' | 'end')[] = [];
  next = (version: number) => void this.heard.push(version);
  beat = () => void this.heard.push('beat');
  end = () => void this.heard.push('end');
}

class Channel implements Announcements {
  readonly followed = new Set<string>();
  isUp = true;
  isClosed = false;
  announce: (userName: string, version: number) => void = () => undefined;
  lose: () => void = () => undefined;
  listen(next: (userName: string, version: number) => void, gap: () => void) {
    this.announce = next;
    this.lose = gap;
  }
  follow = (userName: string) => void this.followed.add(userName);
  unfollow = (userName: string) => void this.followed.delete(userName);
  close = () => void (this.isClosed = true);
}

function openLive(announcements: Announcements | null = null, options = OPTIONS) {
  const stored = new Map<string, number>();
  const asked: (readonly string[])[] = [];
  const store = { answer: Promise.resolve() };
  const live = new LiveBaskets(
    async (userNames) => {
      asked.push(userNames);
      await store.answer;
      return new Map(userNames.flatMap((name) => (stored.has(name) ? [[name, stored.get(name) ?? 0]] : [])));
    },
    announcements,
    options,
  );
  const join = (userName: string) => {
    const ear = new Ear();
    const leave = live.join(userName, ear);
    return Object.assign(ear, { leave: leave ?? (() => undefined), isIn: leave !== undefined });
  };
  return { live, stored, asked, store, join };
}

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

describe('Who listens to a basket', () => {
  it('hears of its versions and of no others', () => {
    const { live, join } = openLive();
    const [one, two, other] = [join('alice'), join('alice'), join('bob')];
    live.tell('alice', 7);
    live.tell('carol', 9);
    expect([one.heard, two.heard, other.heard]).toEqual([[7], [7], []]);
  });

  it('hears nothing after it has left', () => {
    const { live, join } = openLive();
    const [one, two] = [join('alice'), join('alice')];
    one.leave();
    live.tell('alice', 7);
    expect([one.heard, two.heard]).toEqual([[], [7]]);
  });

  it('hears signs of life', async () => {
    const { join } = openLive();
    const ear = join('alice');
    await pass(2 * OPTIONS.heartbeatMs);
    expect(ear.heard).toEqual(['beat', 'beat']);
  });

  it('is refused when all places are taken, until one is free', () => {
    const { join } = openLive();
    const ears = [join('alice'), join('alice'), join('bob')];
    expect(ears.map(({ isIn }) => isIn)).toEqual([true, true, true]);
    expect(join('carol').isIn).toBe(false);
    ears[0]?.leave();
    expect(join('carol').isIn).toBe(true);
    expect(join('carol').isIn).toBe(false);
  });
});

describe('What nobody told of', () => {
  it('is heard with the next look at the store', async () => {
    const { stored, asked, join } = openLive();
    const ear = join('alice');
    stored.set('alice', 8);
    await pass(OPTIONS.checkMs - 1);
    expect(ear.heard).toEqual([]);
    await pass(1);
    expect(ear.heard).toEqual([8]);
    stored.set('alice', 9);
    await pass(OPTIONS.checkMs);
    expect(ear.heard).toEqual([8, 9]);
    expect(asked).toEqual([['alice'], ['alice']]);
  });

  it('is not heard without that look', async () => {
    const { stored, join } = openLive(null, { ...OPTIONS, checkMs: 2 ** 30 });
    const ear = join('alice');
    stored.set('alice', 8);
    await pass(60_000);
    expect(ear.heard.filter((heard) => heard !== 'beat')).toEqual([]);
  });

  it('is heard later while announcements arrive, and at once after some may have been lost', async () => {
    const channel = new Channel();
    const { stored, join } = openLive(channel);
    const ear = join('alice');
    stored.set('alice', 8);
    await pass(OPTIONS.quietCheckMs - 1);
    expect(ear.heard).toEqual([]);
    await pass(1);
    expect(ear.heard).toEqual([8]);
    stored.set('alice', 9);
    channel.lose();
    await pass(0);
    expect(ear.heard).toEqual([8, 9]);
  });

  it('is looked for soon while announcements do not arrive', async () => {
    const channel = new Channel();
    channel.isUp = false;
    const { stored, join } = openLive(channel);
    const ear = join('alice');
    stored.set('alice', 8);
    await pass(OPTIONS.checkMs);
    expect(ear.heard).toEqual([8]);
  });

  it('is looked for with one statement for all, one after the other', async () => {
    const { asked, store, join, live } = openLive(new Channel());
    [join('alice'), join('bob'), join('alice')].forEach(({ isIn }) => expect(isIn).toBe(true));
    const answer = Promise.withResolvers<undefined>();
    store.answer = answer.promise;
    await pass(5 * OPTIONS.quietCheckMs);
    expect(asked).toEqual([['alice', 'bob']]);
    answer.resolve(undefined);
    await pass(OPTIONS.quietCheckMs);
    expect(asked).toHaveLength(2);
    live.close();
  });

  it('is looked for again when some may have been lost during a look', async () => {
    const channel = new Channel();
    const { asked, store, join } = openLive(channel);
    join('alice');
    const answer = Promise.withResolvers<undefined>();
    store.answer = answer.promise;
    channel.lose();
    channel.lose();
    await pass(0);
    expect(asked).toHaveLength(1);
    answer.resolve(undefined);
    await pass(0);
    expect(asked).toHaveLength(2);
  });

  it('is heard when the store is back', async () => {
    const logged = jest.spyOn(Logger.prototype, 'debug').mockImplementation(() => undefined);
    const { stored, store, join } = openLive();
    const ear = join('alice');
    stored.set('alice', 8);
    store.answer = Promise.reject(new Error('no database'));
    store.answer.catch(() => undefined);
    await pass(OPTIONS.checkMs);
    expect(ear.heard).toEqual([]);
    expect(logged).toHaveBeenCalledWith(expect.stringContaining('no database'));
    store.answer = Promise.resolve();
    await pass(OPTIONS.checkMs);
    expect(ear.heard).toEqual([8]);
  });
});

describe('What others announce', () => {
  it('is heard by who listens to that basket', () => {
    const channel = new Channel();
    const { join } = openLive(channel);
    const [one, other] = [join('alice'), join('bob')];
    channel.announce('alice', 7);
    channel.announce('carol', 7);
    expect([one.heard, other.heard]).toEqual([[7], []]);
  });

  it('is followed for as long as somebody listens', () => {
    const channel = new Channel();
    const { join } = openLive(channel);
    const [one, two] = [join('alice'), join('alice')];
    one.leave();
    expect([...channel.followed]).toEqual(['alice']);
    two.leave();
    expect([...channel.followed]).toEqual([]);
  });
});

describe('When nobody listens', () => {
  it('nothing is done', async () => {
    const { asked, join } = openLive();
    join('alice').leave();
    expect(jest.getTimerCount()).toBe(0);
    await pass(60_000);
    expect(asked).toEqual([]);
    const ear = join('alice');
    await pass(OPTIONS.heartbeatMs);
    expect(ear.heard).toEqual(['beat']);
  });
});

describe('When the process stops', () => {
  it('all are ended, those who come later at once, and nothing goes on', async () => {
    const channel = new Channel();
    const { live, asked, join } = openLive(channel);
    const [one, two] = [join('alice'), join('bob')];
    live.close();
    expect([one.heard, two.heard, join('carol').heard]).toEqual([['end'], ['end'], ['end']]);
    expect(channel.isClosed).toBe(true);
    expect(jest.getTimerCount()).toBe(0);
    await pass(60_000);
    expect(asked).toEqual([]);
  });
});
