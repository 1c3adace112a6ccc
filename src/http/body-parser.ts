import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { parse } from 'secure-json-parse';
import { ProblemError } from './problems.js';

/** JSON only, in valid UTF-8 (RFC 8259, section 8.1); keys that would poison a prototype are refused. */
export function parseJsonBodies(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      // Clients that name a content type on every request send no body with a DELETE.
      done(null, body.length === 0 ? undefined : parseJson(body));
    } catch (error) {
      done(error as Error);
    }
  });
}

function parseJson(body: Buffer): unknown {
  if (!isUtf8(body)) throw new ProblemError('malformed-json', 'The body is not valid UTF-8.');
  try {
    return parse(body.toString(), { protoAction: 'error', constructorAction: 'error' });
  } catch (error) {
    throw new ProblemError('malformed-json', explain(error as Error));
  }
}

/** V8's message quotes the body; the position is enough. */
function explain({ message }: Error): string {
  const position = /at position \d+(?= \(line \d+ column \d+\)$)/.exec(message)?.[0];
  return position ? `The body is not valid JSON ${position}.` : 'The body is not valid JSON.';
}
