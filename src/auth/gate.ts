import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ProblemError } from '../http/problems.js';
import { parseUserName } from '../http/user-name.js';
import { networkOf } from '../limits/address.js';
import type { RateLimiter } from '../limits/rate-limiter.js';
import { requestContext, RequestScope } from '../request-context.js';
import { tokenIn } from './bearer.js';
import type { Caller } from './caller.js';
import { notAnAdmin, notTheGuest, notTheOwner, tokenMissing } from './refusals.js';
import type { TokenVerifier } from './token-verifier.js';

type Done = (error?: Error) => void;
type Request = FastifyRequest<{ Params: Readonly<Record<string, string>> }>;

/** Lets in whom the policy of the route allows, and not too many requests of each: before a body is read, or anything looked up. */
export class Gate {
  /**
   * @param verifier without it everybody may do everything
   * @param limiter without it as often as they like
   */
  constructor(
    private readonly verifier: TokenVerifier | undefined,
    private readonly limiter: RateLimiter | undefined,
    private readonly adminScope: string,
  ) {}

  guard(server: FastifyInstance): void {
    server.decorateRequest('caller', null);
    if (!this.verifier && !this.limiter) return;
    server.addHook('onRequest', (request: Request, _reply, done: Done) => this.enter(request, done));
    server.addHook('preHandler', (request: Request, _reply, done: Done) => this.takeGuest(request, done));
    server.addHook('onClose', async () => await this.limiter?.close());
  }

  private enter(request: Request, done: Done): void {
    // What is not there is nobody's.
    if (request.declared.access === 'public' || request.is404) {
      done();
      return;
    }
    let refusal: Error | undefined;
    try {
      const caller = this.verifier && this.identify(request, this.verifier);
      if (caller instanceof Promise) {
        caller.then((known) => this.admit(request, known)).then(() => done(), done);
        return;
      }
      this.admit(request, caller);
    } catch (error) {
      refusal = error as Error;
    }
    done(refusal);
  }

  /** Without waiting for a token that is known: most are. */
  private identify(request: Request, verifier: TokenVerifier): Caller | Promise<Caller> {
    try {
      const token = tokenIn(request.headers.authorization);
      if (token === undefined) throw tokenMissing();
      return verifier.recall(token) ?? this.verify(request, token, verifier);
    } catch (error) {
      this.limit(networkOf(request.ip));
      throw error;
    }
  }

  /** Whoever sends wrong tokens is limited by address, also in having signatures checked. */
  private async verify({ ip }: Request, token: string, verifier: TokenVerifier): Promise<Caller> {
    const address = networkOf(ip);
    const wait = this.limiter?.wait(address) ?? 0;
    if (wait > 0) throw rateLimited(wait);
    try {
      return await verifier.verify(token);
    } catch (error) {
      // The caller cannot help it when there are no keys.
      if (error instanceof ProblemError && error.code === 'unauthenticated') this.limit(address);
      throw error;
    }
  }

  private admit(request: Request, caller: Caller | undefined): void {
    this.limit(caller?.subject === undefined ? networkOf(request.ip) : `subject ${caller.subject}`);
    if (!caller) return;
    request.caller = caller;
    const scope = requestContext.getStore();
    if (scope instanceof RequestScope) scope.actor = caller.subject;
    if (!caller.isAdmin) this.allow(request, caller);
  }

  private allow({ declared, params }: Request, { userName }: Caller): void {
    switch (declared.access) {
      case 'public':
        return;
      case 'owner':
      case 'owner-with-guest':
        if (userName === undefined || parseUserName(params.userName ?? '') !== userName) throw notTheOwner();
        return;
      case 'admin':
      case undefined:
        throw notAnAdmin(this.adminScope);
    }
  }

  /** A guest's basket is emptied by whoever holds the guest's token too. */
  private takeGuest(request: Request, done: Done): void {
    const { caller, declared, body, headers } = request;
    const needsProof = declared.access === 'owner-with-guest' && this.verifier && !caller?.isAdmin;
    const name: unknown = needsProof ? (body as { fromUserName?: unknown } | undefined)?.fromUserName : undefined;
    // What is no name is refused by validation.
    if (typeof name !== 'string') {
      done();
      return;
    }
    this.guestOf(headers['guest-authorization'])
      .then((guest) => {
        if (guest?.userName === undefined || guest.userName !== name.normalize('NFC')) throw notTheGuest();
      })
      .then(() => done(), done);
  }

  private async guestOf(header: unknown): Promise<Caller | undefined> {
    const token = tokenIn(header);
    if (token === undefined) return undefined;
    return this.verifier?.recall(token) ?? (await this.verifier?.verify(token));
  }

  private limit(key: string): void {
    const seconds = this.limiter?.take(key) ?? 0;
    if (seconds > 0) throw rateLimited(seconds);
  }
}

const rateLimited = (seconds: number) =>
  new ProblemError('rate-limited', `Try again in ${seconds} seconds.`, {}, { 'retry-after': String(seconds) });
