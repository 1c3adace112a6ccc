import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { JSON_LINES } from './openapi.js';

/** A reader who takes nothing for so long has gone. */
const MOST_IDLE_MS = 30_000;

/**
 * Sends lines as fast as they are taken; none is made before. An error cuts the answer off. HEAD gets the headers.
 *
 * @param fileName what a browser saves it as; nobody's name, as browsers and proxies keep it
 */
export function sendLines(
  request: FastifyRequest,
  reply: FastifyReply,
  lines: AsyncIterable<string>,
  fileName: string,
): void {
  reply.header('content-type', `${JSON_LINES}; charset=utf-8`).header('cache-control', 'no-store');
  reply.header('content-disposition', `attachment; filename="${fileName}"`);
  if (request.method === 'HEAD') {
    void reply.send();
    return;
  }
  const stream = Readable.from(lines, { highWaterMark: 16 });
  reply.raw.setTimeout(MOST_IDLE_MS, () => reply.raw.destroy());
  void reply.send(stream);
}
