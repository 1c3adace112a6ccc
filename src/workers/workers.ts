import cluster from 'node:cluster';
import type { Worker } from 'node:cluster';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';

/** A worker that ends sooner than this after its start has failed; after one that lived longer counting begins anew. */
const SOON_MS = 60_000;
const LONGEST_DELAY_MS = 30_000;

/** How a worker may end that was told to; the signal itself ends one that is too young to handle it. */
const STOPPED: readonly string[] = ['exit code 0', 'SIGTERM', 'SIGINT'];

type Environment = Readonly<Record<string, string>>;

/** @param failures in a row @returns how long to wait with the next worker: the first comes at once */
export const delayAfter = (failures: number): number =>
  failures <= 1 ? 0 : Math.min(LONGEST_DELAY_MS, 500 * 2 ** (failures - 2));

/** The processes that serve one port, each in a place from 1 to `count`, which its successor takes over. */
export class Workers {
  /** Those that listen, by place. */
  private readonly listening = new Map<number, Worker>();
  private readonly running = new Set<Worker>();
  private readonly stopping = new AbortController();
  private areWell = true;
  private haveStarted = false;
  private failure: Error | undefined;

  /** @param patienceMs how long a worker may take to stop before it is killed */
  constructor(
    private readonly count: number,
    private readonly patienceMs: number,
    private readonly logger: Logger,
  ) {}

  /** By place; undefined where none listens right now. */
  get serving(): ReadonlyMap<number, Worker | undefined> {
    return new Map(Array.from({ length: this.count }, (_, at) => [at + 1, this.listening.get(at + 1)]));
  }

  /**
   * Keeps all places taken until `stop`. The first worker starts alone: it migrates, and if none can start it is the one that
   * says why.
   *
   * @param env what workers find in their environment besides
   * @returns whether all have stopped as they should
   * @throws Error when one cannot start; the others have stopped then
   */
  async run(env: Environment): Promise<boolean> {
    const [first = 1, ...others] = [...this.serving.keys()];
    const places: Promise<void>[] = [];
    const start = (place: number) =>
      new Promise<void>((resolve) => places.push(this.keep(place, env, resolve).finally(resolve)));
    await start(first);
    if (!this.isStopping()) await Promise.all(others.map(start));
    this.haveStarted = true;
    if (!this.isStopping()) this.logger.info(`${this.count} workers serve.`);
    await Promise.all(places);
    if (this.failure) throw this.failure;
    return this.areWell;
  }

  /** Lets all workers stop as they do alone. More signals change nothing: it is bounded. */
  stop(signal: NodeJS.Signals): void {
    if (this.isStopping()) return;
    this.logger.info(`${signal}: stopping ${this.running.size} workers.`);
    this.end(signal);
  }

  private end(signal: NodeJS.Signals): void {
    this.stopping.abort();
    for (const worker of this.running) worker.process.kill(signal);
    setTimeout(() => {
      for (const worker of this.running) {
        this.logger.error(`Worker ${worker.process.pid} does not stop and is killed.`);
        worker.process.kill('SIGKILL');
      }
    }, this.patienceMs).unref();
  }

  private isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  /** @param onListening called each time a worker in this place listens */
  private async keep(place: number, env: Environment, onListening: () => void): Promise<void> {
    for (let failures = 0; !this.isStopping();) {
      const start = performance.now();
      const { pid, how, hasListened } = await this.live(place, env, onListening);
      if (this.isStopping()) return;
      if (!hasListened && (!this.haveStarted || this.listening.size === 0)) {
        this.failure = new Error(`Worker ${place} could not start (${how}).`);
        this.end('SIGTERM');
        return;
      }
      failures = hasListened && performance.now() - start > SOON_MS ? 0 : failures + 1;
      const delay = delayAfter(failures);
      this.logger.error(`Worker ${place} (process ${pid}) has ended (${how}); another one starts in ${delay} ms.`);
      await sleep(delay, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  /** One worker, from its start to its end. */
  private async live(place: number, env: Environment, onListening: () => void) {
    const worker = cluster.fork(env);
    let hasListened = false;
    this.running.add(worker);
    worker.once('listening', () => {
      hasListened = true;
      this.listening.set(place, worker);
      onListening();
    });
    // What a worker cannot be sent or started with is told by its end.
    worker.on('error', () => undefined);
    const how = await endOf(worker);
    this.running.delete(worker);
    this.listening.delete(place);
    if (this.isStopping() && !STOPPED.includes(how)) this.areWell = false;
    return { pid: worker.process.pid, how, hasListened };
  }
}

async function endOf(worker: Worker): Promise<string> {
  try {
    const [code, signal] = (await once(worker.process, 'exit')) as [number | null, NodeJS.Signals | null];
    return signal ?? `exit code ${code}`;
  } catch (error) {
    return (error as Error).message;
  }
}
