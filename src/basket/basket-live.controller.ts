import { Controller, Get, Req, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LastEventId, LastEventIdHeader, sendEvents } from '../http/event-stream.js';
import { Operation } from '../http/openapi.js';
import { UserName, UserNameParameter } from '../http/parameters.js';
import { ProblemError } from '../http/problems.js';
import { VersionStream } from '../http/version-stream.js';
import { LiveBaskets } from './live/live-baskets.js';
import { GetBasketVersion } from './queries/get-basket-version.js';

@ApiTags('baskets')
@UserNameParameter()
@Controller('baskets/:userName/live')
export class BasketLiveController {
  constructor(
    private readonly queries: QueryBus,
    private readonly live: LiveBaskets,
  ) {}

  @Get()
  @Operation({
    id: 'streamBasket',
    access: 'owner',
    summary: 'Hear of each change of the basket',
    description:
      'Server-sent events: the version at once, unless `Last-Event-ID` says that you have it, and the newest one after each change. Versions go on when the basket is deleted or checked out: read it to see. Ends when the process stops, where browsers reconnect by themselves, and when the token expires.',
    answers: {
      200: {
        description: 'Events whose `id` is the version; comments in between keep the connection alive.',
        events: 'id: 7\ndata: {"version":7}\n\n',
      },
    },
    refusals: ['basket-not-found'],
  })
  @LastEventIdHeader()
  async streamBasket(
    @UserName() userName: string,
    @LastEventId() lastEventId: number | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const stream = new VersionStream();
    // Before the version is read: what is stored in between must not be missed.
    const leave = this.live.join(userName, stream);
    if (!leave) throw new ProblemError('overloaded', 'As many streams are open as this process takes.');
    stream.once('close', leave);
    if (request.caller) stream.endAt(request.caller.expiresAt);
    try {
      stream.start(await this.queries.execute(new GetBasketVersion(userName, lastEventId !== undefined)), lastEventId);
    } catch (error) {
      stream.destroy();
      throw error;
    }
    sendEvents(request, reply, stream);
  }
}
