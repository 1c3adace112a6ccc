import { AsyncLocalStorage } from 'node:async_hooks';

/** What belongs to the request at hand wherever its work is done: log lines and event metadata carry it. */
export interface RequestContext {
  readonly requestId: string;
  /** Where the request stands in a trace (W3C Trace Context), if it is part of one. */
  readonly traceparent?: string;
}

export const requestContext = new AsyncLocalStorage<RequestContext>();

export const traceIdOf = (traceparent: string): string => traceparent.slice(3, 35);
