import type { FastifyInstance, FastifyReply } from 'fastify';
import { problemDocument } from '../http/problems.js';
import { DatabaseUnavailableError } from '../database/database.js';
import { requestContext, RequestScope } from '../request-context.js';

/** How often the gauge looks, and answers are sent for requests whose deadline has passed. */
const LOOK_MS = 25;
/** How late the event loop may be, which is how long what is ready waits in it. */
const MOST_LAG_MS = 250;

/** As many requests keep all places in the database taken: two statements that append to 32 baskets, four that read 64. */
const ENOUGH = 320;
/** When there are that many, the oldest may be this old: above it, they wait for each other. */
const MOST_AGE_MS = 250;

interface Limits {
  readonly NODE_ENV: string;
  readonly MAX_CONCURRENT_REQUESTS: number;
  readonly REQUEST_DEADLINE_MS: number;
  readonly PROBLEM_TYPE_BASE: string;
}

/** What this process has on its hands. More than it can serve in time is refused at once, so that the rest is served in time. */
export class Load {
  /** In the order of their deadlines. */
  private readonly underWay = new Map<FastifyReply, number>();
  /** How late the last look was, and the one before. */
  private lags: readonly [number, number] = [0, 0];
  private looked = performance.now();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly limits: Limits,
    private readonly expire: (reply: FastifyReply, error: Error) => void,
  ) {}

  /** Health and documents are never refused, and have no deadline. */
  guard(server: FastifyInstance): void {
    this.timer = setInterval(() => this.look(), LOOK_MS).unref();
    server.addHook('onRequest', (request, reply, done) => {
      if (!this.isTooMuch || request.routeOptions.config.access === 'public') done();
      else this.refuse(request.id, request.url, reply);
    });
    // Behind the body, whose arrival has a time limit of its own.
    server.addHook('preHandler', (request, reply, done) => {
      if (request.routeOptions.config.access !== 'public') this.begin(reply);
      done();
    });
    server.addHook('onClose', (_, done) => {
      clearInterval(this.timer);
      done();
    });
  }

  get isTooMuch(): boolean {
    const { size } = this.underWay;
    return size >= this.limits.MAX_CONCURRENT_REQUESTS || (size >= ENOUGH && this.isOld) || this.isLate;
  }

  private get isOld(): boolean {
    const [deadline = Number.POSITIVE_INFINITY] = this.underWay.values();
    return performance.now() - (deadline - this.limits.REQUEST_DEADLINE_MS) > MOST_AGE_MS;
  }

  /**
   * A share of the requests is refused, the more the later the loop is, and none for a single pause: to refuse all until it is in
   * time again would waste as much as it saves.
   */
  private get isLate(): boolean {
    // Elsewhere it is a debugger or a build that holds up the loop.
    if (this.limits.NODE_ENV !== 'production') return false;
    const lag = Math.min(...this.lags);
    return lag > MOST_LAG_MS && Math.random() * lag > MOST_LAG_MS;
  }

  private begin(reply: FastifyReply): void {
    const deadline = performance.now() + this.limits.REQUEST_DEADLINE_MS;
    const scope = requestContext.getStore();
    if (scope instanceof RequestScope) scope.endAt(deadline);
    this.underWay.set(reply, deadline);
    // Also when the caller has gone.
    reply.raw.once('close', () => this.underWay.delete(reply));
  }

  /** By hand: an error and its way to the filter cost several times this. */
  private refuse(requestId: string, url: string, reply: FastifyReply): void {
    const { status, headers, body } = problemDocument(this.limits.PROBLEM_TYPE_BASE, {
      code: 'overloaded',
      detail: 'More arrives than can be served in time. Try again.',
      instance: url.split('?', 1)[0],
      requestId,
    });
    void reply.code(status).headers(headers).send(body);
  }

  private look(): void {
    const now = performance.now();
    this.lags = [now - this.looked - LOOK_MS, this.lags[0]];
    this.looked = now;
    for (const [reply, deadline] of this.underWay) {
      // Answers that have begun, such as streams, end when they end.
      if (deadline > now && !reply.raw.headersSent) continue;
      this.underWay.delete(reply);
      if (!reply.sent && !reply.raw.headersSent)
        this.expire(reply, new DatabaseUnavailableError('The deadline has passed.'));
    }
  }
}
