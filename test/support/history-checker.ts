/** What a client asked a basket to become, over all its attempts, and what it was told. Times are of one monotonic clock. */
export interface Write {
  readonly basket: string;
  /** Told apart from the effects of all other writes. */
  readonly effect: string;
  /** When it was first asked for. */
  readonly start: number;
  readonly end: number;
  /** `nothing`: it may have taken effect or not. */
  readonly told: 'acknowledged' | 'refused' | 'nothing';
  /** Of an acknowledged one. */
  readonly version?: number;
  readonly content?: string;
}

export interface Read {
  readonly basket: string;
  readonly start: number;
  readonly end: number;
  /** 0: there is no basket. */
  readonly version: number;
  readonly content?: string;
}

export interface StoredEvent {
  readonly version: number;
  /** Undefined for what no write asked for by itself, such as the opening of a basket. */
  readonly effect: string | undefined;
}

export interface History {
  readonly writes: readonly Write[];
  readonly reads: readonly Read[];
  /** Of each basket the events that are stored in the end, in their order. */
  readonly stored: ReadonlyMap<string, readonly StoredEvent[]>;
}

/**
 * In what way a history is not what was promised: of each basket every acknowledged write is there once, no refused one is,
 * versions have no gap and follow real time, and no read shows less than was acknowledged before it began.
 */
export function faultsIn({ writes, reads, stored }: History): string[] {
  const writesOf = Map.groupBy(writes, ({ basket }) => basket);
  const readsOf = Map.groupBy(reads, ({ basket }) => basket);
  const baskets = new Set([...writesOf.keys(), ...readsOf.keys(), ...stored.keys()]);
  return [...baskets].flatMap((basket) => {
    const one = new BasketHistory(writesOf.get(basket) ?? [], readsOf.get(basket) ?? [], stored.get(basket) ?? []);
    return one.faults().map((fault) => `${basket}: ${fault}`);
  });
}

/** A write that is stored, and where. */
interface Effected extends Write {
  readonly at: number;
}

class BasketHistory {
  private readonly versionsOf = new Map<string, number[]>();
  private readonly effected: Effected[];

  constructor(
    private readonly writes: readonly Write[],
    private readonly reads: readonly Read[],
    private readonly stored: readonly StoredEvent[],
  ) {
    for (const { version, effect } of stored)
      if (effect !== undefined) this.versionsOf.set(effect, [...(this.versionsOf.get(effect) ?? []), version]);
    this.effected = writes.flatMap((write) => {
      const [at] = this.versionsOf.get(write.effect) ?? [];
      return at === undefined || write.told === 'refused' ? [] : [{ ...write, at }];
    });
  }

  faults(): string[] {
    return [
      ...this.versionFaults(),
      ...this.writes.flatMap((write) => this.effectFaults(write)),
      ...this.unaskedFaults(),
      ...this.repeatedVersions(),
      ...this.orderFaults(),
      ...this.contentFaults(),
    ];
  }

  private versionFaults(): string[] {
    return this.stored.flatMap(({ version }, at) =>
      version === at + 1 ? [] : [`the version in place ${at + 1} is ${version}`],
    );
  }

  private effectFaults({ effect, told, version }: Write): string[] {
    const versions = this.versionsOf.get(effect) ?? [];
    if (told === 'refused') return versions.length === 0 ? [] : [`${effect} was refused and is there`];
    if (versions.length > 1) return [`${effect} is there ${versions.length} times`];
    if (told === 'nothing') return [];
    if (versions.length === 0) return [`${effect} was acknowledged and is lost`];
    return versions[0] === version ? [] : [`${effect} was acknowledged as ${version} and is ${versions[0]}`];
  }

  private unaskedFaults(): string[] {
    const asked = new Set(this.writes.map(({ effect }) => effect));
    return [...this.versionsOf.keys()]
      .filter((effect) => !asked.has(effect))
      .map((effect) => `nobody asked for ${effect}`);
  }

  private repeatedVersions(): string[] {
    const told = this.writes.flatMap(({ version }) => version ?? []);
    const times = Map.groupBy(told, (version) => version);
    return [...times].flatMap(([version, all]) =>
      all.length > 1 ? [`version ${version} was acknowledged twice`] : [],
    );
  }

  /** What begins when a version was acknowledged is of a later version, and shows that one at least. */
  private orderFaults(): string[] {
    const acknowledged = this.effected.filter(({ told }) => told === 'acknowledged').sort((a, b) => a.end - b.end);
    const startOf = new Map(this.effected.map(({ at, start }) => [at, start]));
    const begun = [
      ...this.effected.map(({ start, at, effect }) => ({ start, least: at - 1, what: `${effect} as ${at}` })),
      ...this.reads.map(({ start, version }) => ({ start, least: version, what: `a read of ${version}` })),
    ].sort((a, b) => a.start - b.start);
    const faults: string[] = [];
    let [next, reached] = [0, 0];
    for (const { start, least, what } of begun) {
      for (let one = acknowledged[next]; one && one.end < start; one = acknowledged[++next])
        reached = Math.max(reached, one.at);
      if (least < reached) faults.push(`${what} began when ${reached} had been acknowledged`);
    }
    for (const { version, end } of this.reads) {
      if (version > this.stored.length) faults.push(`a read of ${version}, which is not stored`);
      if ((startOf.get(version) ?? 0) > end) faults.push(`a read of ${version} before anybody asked for it`);
    }
    return faults;
  }

  /** A version has one content, whoever tells it. */
  private contentFaults(): string[] {
    const contents = new Map<number, string>();
    const faults: string[] = [];
    for (const { version, content } of [...this.writes, ...this.reads]) {
      if (version === undefined || content === undefined) continue;
      if ((contents.get(version) ?? content) !== content) faults.push(`version ${version} was shown in two ways`);
      contents.set(version, content);
    }
    return faults;
  }
}
