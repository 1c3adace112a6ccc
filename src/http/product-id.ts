import { validationFailed } from './problems.js';

/** Any UUID (RFC 9562). */
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** @throws ProblemError `validation-failed`; the answer is in lower case, the form in which ids are compared */
export function parseProductId(text: string): string {
  if (!UUID.test(text)) throw validationFailed([{ pointer: '#/path/productId', detail: 'must be a UUID' }]);
  return text.toLowerCase();
}
