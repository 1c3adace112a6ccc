import type { FastifyInstance, FastifyReply } from 'fastify';
import { problemDocument } from '../http/problems.js';
import { DatabaseUnavailableError } from '../database/database.js';
import { requestContext, RequestScope } from '../request-context.js';
import { Places } from '../places.js';

declare module 'fastify' {
  interface FastifyReply {
    /** Where it is among those under way, while it is. */
    place: number | undefined;
    /** As `performance.now()` tells it. */
    deadline: number;
  }
}

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
  private readonly underWay = new Places<FastifyReply>();
  /** The first deadline of those that were under way at the last look. */
  private firstDeadline = Number.POSITIVE_INFINITY;
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
    server.decorateReply('place', undefined);
    server.decorateReply('deadline', Number.POSITIVE_INFINITY);
    this.timer = setInterval(() => this.look(), LOOK_MS).unref();
    server.addHook('onRequest', (request, reply, done) => {
      if (!this.isTooMuch || request.declared.access === 'public') done();
      else this.refuse(request.id, request.url, reply);
    });
    // Behind the body, whose arrival has a time limit of its own.
    server.addHook('preHandler', (request, reply, done) => {
      if (request.declared.access !== 'public') this.begin(reply);
      done();
    });
    server.addHook('onResponse', (_, reply, done) => {
      this.end(reply);
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
    return performance.now() - (this.firstDeadline - this.limits.REQUEST_DEADLINE_MS) > MOST_AGE_MS;
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
    reply.deadline = deadline;
    reply.place = this.underWay.add(reply);
  }

  private end(reply: FastifyReply): void {
    if (reply.place === undefined) return;
    this.underWay.remove(reply.place);
    reply.place = undefined;
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
    this.firstDeadline = Number.POSITIVE_INFINITY;
    for (const reply of this.underWay) {
      // Answers that have begun, such as streams, end when they end; and callers that have gone need none.
      const needsNone = reply.sent || reply.raw.headersSent || reply.raw.closed;
      if (!needsNone && reply.deadline > now) {
        this.firstDeadline = Math.min(this.firstDeadline, reply.deadline);
        continue;
      }
      this.end(reply);
      if (!needsNone) this.expire(reply, new DatabaseUnavailableError('The deadline has passed.'));
    }
  }
}
