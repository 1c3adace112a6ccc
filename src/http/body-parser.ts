import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { ProblemError } from './problems.js';

/** JSON only, in valid UTF-8 (RFC 8259, section 8.1); keys that would poison a prototype are refused. */
export function parseJsonBodies(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  server.removeAllContentTypeParsers();
  server.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    // Clients that name a content type on every request send no body with a DELETE.
    if (body.length === 0) {
      done(null, undefined);
      return;
    }
    if (!isUtf8(body)) {
      done(new ProblemError('malformed-json', 'The body is not valid UTF-8.'));
      return;
    }
    void parse(request, body.toString(), (error, value) =>
      error ? done(new ProblemError('malformed-json', explain(error))) : done(null, value),
    );
  });
}

/** V8's message quotes the body; the position is enough. */
function explain({ message }: Error): string {
  const position = /at position \d+/.exec(message)?.[0];
  return position ? `The body is not valid JSON ${position}.` : 'The body is not valid JSON.';
}
