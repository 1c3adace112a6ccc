import pg from 'pg';
import type { Pool, PoolClient, QueryConfig, QueryResult, QueryResultRow } from 'pg';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { withinRequest } from '../request-context.js';
import { inStatementSpan } from '../telemetry/spans.js';
import { cancelStatement } from './cancel.js';
import type { BasketDataSource } from './data-source.js';

/** SQL that is sent again and again, prepared under its name where the server keeps prepared statements. */
export interface Statement {
  readonly name: string;
  readonly text: string;
  /** Planned each time instead: for a table whose size changes by orders of magnitude within seconds. */
  readonly replan?: boolean;
}

/** The database did not answer, or not in time. Whether a write took effect is not known. */
export class DatabaseUnavailableError extends Error {
  override readonly name = 'DatabaseUnavailableError';
}

/** More is waiting for the database than it serves in time. Nothing was sent. */
export class OverloadedError extends Error {
  override readonly name = 'OverloadedError';
}

/** The database refused the statement because of what others did meanwhile; nothing took effect. */
export class SerializationError extends Error {
  override readonly name = 'SerializationError';
}

/** Statements that wait for a connection. */
const MOST_WAITING = 512;

const PING: Statement = { name: 'ping', text: 'SELECT 1' };

const UNIQUE_VIOLATION = '23505';
const SERIALIZATION_FAILURE = '40001';
const DEADLOCK_DETECTED = '40P01';
const RETRYABLE = new Set([UNIQUE_VIOLATION, SERIALIZATION_FAILURE, DEADLOCK_DETECTED]);
/** Connection, resource and operator trouble, and a primary that became a standby (Appendix A of the PostgreSQL manual). */
const UNAVAILABLE = /^(08|53|57|58|25006)/;

const outliving = new WeakSet<Pool>();

/**
 * The pool listens to idle connections only. The loss of one that is in use fails its statement, and would end the process
 * besides: an error event that nobody listens to is thrown.
 */
function outliveLostConnections(pool: Pool): void {
  if (outliving.has(pool)) return;
  outliving.add(pool);
  const heard = new WeakSet<PoolClient>();
  pool.on('acquire', (client) => {
    if (!heard.has(client)) client.on('error', () => undefined);
    heard.add(client);
  });
}

/** The one place where hot-path SQL leaves: TypeORM's pool without its entity layer, which costs a write 3.7 times the CPU. */
export class Database {
  private readonly pool: Pool;

  constructor(
    readonly dataSource: BasketDataSource,
    private readonly prepared: boolean,
  ) {
    this.pool = (dataSource.driver as PostgresDriver).master as Pool;
    outliveLostConnections(this.pool);
  }

  /**
   * @param deadline a time as `performance.now()` tells it; that of the request at hand counts, too
   * @param signal gives up before: nobody waits for the answer any more, though the server may still come to it
   * @throws DatabaseUnavailableError at the deadline at the latest
   * @throws SerializationError when the statement lost against a concurrent one
   */
  query<Row extends QueryResultRow>(
    statement: Statement,
    values: unknown[],
    deadline: number,
    signal?: AbortSignal,
  ): Promise<QueryResult<Row>> {
    return inStatementSpan('postgresql', statement, () => this.send<Row>(statement, values, deadline, signal));
  }

  /** How many connections the pool has, how many of them are in use, and how many statements wait for one. */
  get connections() {
    const { totalCount, idleCount, waitingCount } = this.pool;
    return { most: this.pool.options.max, open: totalCount, inUse: totalCount - idleCount, waiting: waitingCount };
  }

  private async send<Row extends QueryResultRow>(
    { name, text, replan = false }: Statement,
    values: unknown[],
    latest: number,
    signal?: AbortSignal,
  ): Promise<QueryResult<Row>> {
    const deadline = withinRequest(latest);
    if (performance.now() >= deadline) throw new DatabaseUnavailableError('The deadline has passed.');
    const client = await this.connect(deadline);
    try {
      const query_timeout = Math.max(1, Math.ceil(deadline - performance.now()));
      const config: QueryConfig & { query_timeout: number } = { text, values, query_timeout };
      if (this.prepared && !replan) config.name = name;
      const answer = client.query<Row>(config);
      const result = await (signal ? unlessAborted(answer, signal) : answer);
      client.release();
      return result;
    } catch (error) {
      const failure = classify(error);
      if (performance.now() >= deadline) this.cancel(client);
      // A connection whose answer is still to come would give it to the next statement.
      client.release(failure instanceof DatabaseUnavailableError);
      throw failure;
    }
  }

  /** @throws DatabaseUnavailableError when there is no answer by the deadline */
  async ping(deadline: number): Promise<void> {
    await this.query(PING, [], deadline);
  }

  get kind(): 'postgres' | 'embedded' {
    return this.dataSource.embedded ? 'embedded' : 'postgres';
  }

  /** The server would go on with what nobody waits for, and hold its locks. The embedded one is done before it could be told. */
  private cancel(client: PoolClient): void {
    if (!this.dataSource.embedded) cancelStatement(client);
  }

  private async connect(deadline: number): Promise<PoolClient> {
    if (this.pool.waitingCount >= MOST_WAITING)
      throw new OverloadedError(`${MOST_WAITING} others wait for a connection.`);
    const connecting = this.pool.connect();
    const { idleCount, waitingCount } = this.pool;
    // Every one that waits gets an idle connection before this moment is over.
    if (idleCount > 0 && idleCount >= waitingCount) return await connecting.catch(unavailable);
    const waited = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => waited.reject(new DatabaseUnavailableError('No connection was free in time.')),
      Math.max(0, deadline - performance.now()),
    );
    try {
      return await Promise.race([connecting.catch(unavailable), waited.promise]);
    } catch (error) {
      connecting.then((late) => late.release()).catch(() => undefined);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

async function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(new Error('The statement was given up.'));
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([answer, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function unavailable(error: unknown): never {
  throw new DatabaseUnavailableError((error as Error).message, { cause: error });
}

function classify(error: unknown): unknown {
  // Whatever the server itself did not say comes from the driver or the network.
  if (!(error instanceof pg.DatabaseError))
    return new DatabaseUnavailableError((error as Error).message, { cause: error });
  const { code = '', message } = error;
  if (RETRYABLE.has(code)) return new SerializationError(message, { cause: error });
  return UNAVAILABLE.test(code) ? new DatabaseUnavailableError(message, { cause: error }) : error;
}
