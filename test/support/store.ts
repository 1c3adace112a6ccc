import type { Config } from '../../src/config.js';
import { BasketHistory } from '../../src/basket/basket.history.js';
import { MergeCompletion } from '../../src/basket/merge-completion.js';
import { BASKET_PROJECTION } from '../../src/basket/persistence/basket-projection.js';
import { TypeormBasketRepository } from '../../src/basket/persistence/typeorm-basket.repository.js';
import { Database } from '../../src/database/database.js';
import type { BasketDataSource } from '../../src/database/data-source.js';
import { EventStore } from '../../src/event-store/event-store.js';
import { createTestDatabase, testConfig } from './database.js';
import type { TestDatabase } from './database.js';

/** What one process of the service has between its handlers and the database. */
export interface StoreProcess {
  readonly database: Database;
  readonly events: EventStore;
  readonly history: BasketHistory;
  readonly baskets: TypeormBasketRepository;
  readonly completion: MergeCompletion;
}

export const eventStore = (database: Database) => new EventStore(database, BASKET_PROJECTION);

/** The deadline of a statement. */
export const soon = (): number => performance.now() + 10_000;

/** A database of the test's own with the schema in it. */
export class TestStore implements AsyncDisposable {
  private processes = 0;

  private constructor(
    private readonly testDatabase: TestDatabase,
    private readonly config: Config,
    /** Two pools; one, twice, with the embedded server, which has one session anyway. */
    private readonly sources: readonly [BasketDataSource, BasketDataSource],
  ) {}

  static async open(env: Record<string, string> = {}): Promise<TestStore> {
    const database = await createTestDatabase();
    const config = testConfig(database, env);
    const source = await database.open(config);
    await source.initialize();
    if (source.embedded) return new TestStore(database, config, [source, source]);
    const other = await database.open(config);
    await other.initialize();
    return new TestStore(database, config, [source, other]);
  }

  get source(): BasketDataSource {
    return this.sources[0];
  }

  /** Another one that knows nothing of the others; it has not the pool of the one before it. */
  process(eventsOf = eventStore): StoreProcess {
    const source = this.sources[this.processes++ % 2 === 0 ? 0 : 1];
    const database = new Database(source, this.config.DATABASE_PREPARED_STATEMENTS && !source.embedded);
    const events = eventsOf(database);
    const history = new BasketHistory(events, this.config.REQUEST_DEADLINE_MS);
    const baskets = new TypeormBasketRepository(database, events, history, this.config.REQUEST_DEADLINE_MS);
    return { database, events, history, baskets, completion: new MergeCompletion(baskets, history) };
  }

  async query<Row = Record<string, unknown>>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return await this.source.query<Row[]>(sql, values);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const source of this.sources) await source.destroy();
    await this.testDatabase.drop();
  }
}
