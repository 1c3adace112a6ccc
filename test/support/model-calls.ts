import type { Answer } from './contract.js';
import type { Request } from './model-requests.js';
import type { Served } from './served.js';
import type { ModelCommand } from './shopper-model.js';
import { basketOf } from './shopping.js';

const TYPES = { add: 'add-item', change: 'update-item-quantity', remove: 'delete-item', clear: 'clear' };

function commandBody({ kind, ...command }: ModelCommand): object {
  const { item, ...rest } = { item: {}, ...command };
  return { type: TYPES[kind], ...item, ...rest };
}

/** Sends a request of the model to the service. */
export function perform({ api }: Served, request: Request): Promise<Answer> {
  const path = basketOf(request.user);
  const headers = {
    ...(request.ifMatch === undefined ? {} : { 'if-match': request.ifMatch }),
    ...(request.ifNoneMatch === undefined ? {} : { 'if-none-match': request.ifNoneMatch }),
    ...(request.key === undefined ? {} : { 'idempotency-key': request.key }),
  };
  switch (request.kind) {
    case 'get':
      return api.get(path, headers);
    case 'past':
      return api.get(`${path}?version=${request.version}`, headers);
    case 'summary':
      return api.get(`${path}/summary`, headers);
    case 'history':
      return api.get(`${path}/history?after=${request.after}&limit=${request.limit}`, headers);
    case 'delete':
      return api.delete(path, headers);
    case 'clear':
      return api.delete(`${path}/items`, headers);
    case 'put':
      return api.put(path, { currency: request.currency, items: request.items }, headers);
    case 'add':
      return api.post(`${path}/items`, { ...request.item, currency: request.currency }, headers);
    case 'change':
      return api.patch(`${path}/items/${request.productId}`, { quantity: request.quantity }, headers);
    case 'remove':
      return api.delete(`${path}/items/${request.productId}`, headers);
    case 'batch':
      return api.post(`${path}/batch`, { commands: request.commands.map(commandBody) }, headers);
    case 'merge':
      return api.post(`${path}/merge`, { fromUserName: request.from, strategy: request.strategy }, headers);
    case 'checkout':
      return api.post(`${path}/checkout`, { version: request.version }, headers);
  }
}
