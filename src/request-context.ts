import { AsyncLocalStorage } from 'node:async_hooks';

/** What belongs to the request at hand wherever its work is done: log lines and event metadata carry it. */
export interface RequestContext {
  readonly requestId: string;
}

export const requestContext = new AsyncLocalStorage<RequestContext>();
