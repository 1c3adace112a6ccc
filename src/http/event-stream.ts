import type { Readable } from 'node:stream';
import { createParamDecorator } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { validationFailed } from './problems.js';

const EVENT_STREAM = 'text/event-stream';

/** The version of the last event that the client has, which browsers send when they reconnect. */
export const LastEventId = createParamDecorator((_: unknown, context): number | undefined => {
  const id = context.switchToHttp().getRequest<FastifyRequest>().headers['last-event-id'];
  if (id === undefined) return undefined;
  if (typeof id === 'string' && /^[1-9]\d{0,9}$/.test(id)) return Number(id);
  throw validationFailed([{ pointer: '#/headers/last-event-id', detail: 'must be the id of an event, such as 7' }]);
});

export const LastEventIdHeader = () =>
  ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'The version that you have. Browsers send it when they reconnect.',
    schema: { type: 'string', pattern: '^[1-9][0-9]{0,9}$' },
  });

/** Sends events for as long as both sides want to; HEAD gets the headers. */
export function sendEvents(request: FastifyRequest, reply: FastifyReply, events: Readable): void {
  reply.header('content-type', EVENT_STREAM).header('cache-control', 'no-store');
  // nginx would keep events back until it has a page of them.
  reply.header('x-accel-buffering', 'no');
  // A connection that outlives its stream would keep a process that stops waiting for it.
  reply.header('connection', 'close');
  if (request.method === 'HEAD') {
    events.destroy();
    void reply.send();
  } else void reply.send(events);
}
