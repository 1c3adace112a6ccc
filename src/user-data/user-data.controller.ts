import { Controller, Delete, Get, Req, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { sendNothing } from '../http/answer.js';
import { sendLines } from '../http/json-lines.js';
import { Operation } from '../http/openapi.js';
import { UserName, UserNameParameter } from '../http/parameters.js';
import { EraseUserData } from './erase-user-data.js';
import { ExportUserData } from './export-user-data.js';

const LINES = [
  { type: 'user', userName: 'alice' },
  { type: 'projection', version: 2, basketId: '019ab3c2-7d1e-7c4a-9f2e-0d5b8f1c2a33', status: 'active', basket: {} },
  { type: 'event', eventType: 'BasketItemAdded', version: 2, data: {}, metadata: {} },
  { type: 'end', lines: 3 },
];

/** What the law lets a person ask for: docs/privacy.md. */
@ApiTags('privacy')
@UserNameParameter()
@Controller('users/:userName/data')
export class UserDataController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Get()
  @Operation({
    id: 'exportUserData',
    access: 'owner',
    summary: 'Export all that is stored of a user',
    description:
      'JSON lines, each with a `type`: `user`, `projection` (the basket as it is), `event`, `snapshot` and `outbox` (what is still to be published), oldest first, and `end` with the number of lines before it. Without that line the export was cut off. For GDPR, articles 15 and 20.',
    answers: {
      200: { description: 'All of it.', lines: LINES.map((line) => `${JSON.stringify(line)}\n`).join('') },
    },
    refusals: ['user-not-found'],
  })
  async exportUserData(@UserName() userName: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    sendLines(request, reply, await this.queries.execute(new ExportUserData(userName)), 'basket-data.jsonl');
  }

  @Delete()
  @Operation({
    id: 'eraseUserData',
    access: 'admin',
    summary: 'Erase all that is stored of a user',
    description:
      'Events, basket, snapshots, what is still to be published, and what is cached. A tombstone without the name stays, so that versions are not used again. When it is cut short, repeat it: it goes on. For GDPR, article 17.',
    answers: { 204: { description: 'Nothing is left.' } },
    // Those of a body, which it does not need.
    refusals: ['user-not-found', 'conflict', 'malformed-json', 'payload-too-large', 'unsupported-media-type'],
  })
  async eraseUserData(@UserName() userName: string, @Res() reply: FastifyReply) {
    await this.commands.execute(new EraseUserData(userName));
    sendNothing(reply, false);
  }
}
