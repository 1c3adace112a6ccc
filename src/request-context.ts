import { AsyncLocalStorage } from 'node:async_hooks';

/** What belongs to the request at hand wherever its work is done: event metadata carries it, log lines only its id. */
export interface RequestContext {
  readonly requestId: string;
  /** Where the request stands in a trace (W3C Trace Context), if it is part of one. */
  readonly traceparent?: string | undefined;
  /** The subject of the caller's token. */
  readonly actor?: string | undefined;
  /** When its answer is due, as `performance.now()` tells it. */
  readonly deadline?: number | undefined;
}

export const requestContext = new AsyncLocalStorage<RequestContext>();

export const traceIdOf = (traceparent: string): string => traceparent.slice(3, 35);

/** The context of a request that is being served. Events store its own members, so the deadline is none of them. */
export class RequestScope implements RequestContext {
  actor: string | undefined = undefined;
  #deadline: number | undefined;

  constructor(
    readonly requestId: string,
    readonly traceparent?: string,
  ) {}

  get deadline(): number | undefined {
    return this.#deadline;
  }

  endAt(deadline: number): void {
    this.#deadline = deadline;
  }
}

/** The deadline itself, or that of the request at hand if it is earlier. */
export const withinRequest = (deadline: number): number =>
  Math.min(deadline, requestContext.getStore()?.deadline ?? deadline);
