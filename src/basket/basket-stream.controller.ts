import { Controller, Get, Post, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { sendWritten } from '../http/answer.js';
import { Operation } from '../http/openapi.js';
import { Options, PageOf, PageParameters, UserName, UserNameParameter } from '../http/parameters.js';
import { validationFailed } from '../http/problems.js';
import type { Page } from '../http/query.js';
import { ValidBody } from '../http/validation.pipe.js';
import { BasketView } from './basket.dto.js';
import type { WriteOptions } from './basket.repository.js';
import { CheckOut } from './commands/check-out.js';
import { ExecuteBatch } from './commands/execute-batch.js';
import { MergeBaskets } from './commands/merge-baskets.js';
import { GetBasketHistory } from './queries/get-basket-history.js';
import {
  BasketHistoryView,
  CheckedOutView,
  CheckOutBody,
  ExecuteBatchBody,
  MergeBasketsBody,
  MergeResultView,
} from './stream.dto.js';

/** What concerns the basket as a stream of events, or several baskets or lines at once. */
@ApiTags('baskets')
@UserNameParameter()
@Controller('baskets/:userName')
export class BasketStreamController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Get('history')
  @Operation({
    id: 'getBasketHistory',
    access: 'owner',
    summary: 'Read what happened to the baskets of the user',
    description: 'All events of the user, across baskets. Read the basket as it was with `?version=` or `?at=`.',
    answers: { 200: { description: 'A page of events, oldest first.', body: BasketHistoryView } },
    refusals: ['basket-not-found'],
  })
  @PageParameters()
  async getBasketHistory(@UserName() userName: string, @PageOf() { after, limit }: Page, @Res() reply: FastifyReply) {
    void reply.send(await this.queries.execute(new GetBasketHistory(userName, after, limit)));
  }

  @Post('batch')
  @Operation({
    id: 'executeBatch',
    access: 'owner',
    summary: 'Execute several commands, all or none',
    description:
      'They take effect in order and are stored together. A refusal names the command in `index`, counted from 0. On a conflict all are decided again.',
    write: true,
    answers: { 200: { description: 'The basket after all of them.', body: BasketView, etag: true } },
    refusals: [
      'basket-not-found',
      'item-not-found',
      'currency-mismatch',
      'too-many-lines',
      'quantity-limit',
      'total-limit',
    ],
    conditions: ['If-Match'],
  })
  async executeBatch(
    @UserName() userName: string,
    @ValidBody() { commands }: ExecuteBatchBody,
    @Options() options: WriteOptions,
    @Res() reply: FastifyReply,
  ) {
    sendWritten(reply, 200, await this.commands.execute(new ExecuteBatch(userName, commands, options)));
  }

  @Post('merge')
  @Operation({
    id: 'mergeBaskets',
    access: 'owner-with-guest',
    summary: "Empty a guest's basket into this one",
    description:
      'For the login. Limits hold: what does not fit is cut or dropped, and reported. Doing it again changes nothing, also after a merge that was cut short.',
    write: true,
    answers: { 200: { description: 'The basket, and what became of each line.', body: MergeResultView, etag: true } },
    refusals: ['basket-not-found', 'currency-mismatch'],
    conditions: ['If-Match'],
  })
  async mergeBaskets(
    @UserName() userName: string,
    @ValidBody() body: MergeBasketsBody,
    @Options() options: WriteOptions,
    @Res() reply: FastifyReply,
  ) {
    if (body.fromUserName === userName)
      throw validationFailed([{ pointer: '#/fromUserName', detail: 'must be another user' }]);
    const { basket, replayed, report } = await this.commands.execute(new MergeBaskets(userName, body, options));
    const json = `{"basket":${basket.json?.toString() ?? 'null'},"report":${JSON.stringify(report)}}`;
    sendWritten(reply, 200, { basket: { version: basket.version, json }, replayed });
  }

  @Post('checkout')
  @Operation({
    id: 'checkoutBasket',
    access: 'owner',
    summary: 'Hand the basket over to ordering',
    description:
      'Exactly the version that the shopper saw, or nothing: 409 with `currentVersion` if it has changed since. It closes the basket; the next item opens a new one.',
    write: true,
    answers: { 202: { description: 'Handed over.', body: CheckedOutView, etag: true } },
    refusals: ['basket-not-found', 'basket-empty'],
    conditions: ['If-Match'],
  })
  async checkoutBasket(
    @UserName() userName: string,
    @ValidBody() { version }: CheckOutBody,
    @Options() options: WriteOptions,
    @Res() reply: FastifyReply,
  ) {
    const { checkedOut, replayed } = await this.commands.execute(new CheckOut(userName, version, options));
    const json = JSON.stringify(checkedOut);
    sendWritten(reply, 202, { basket: { version: checkedOut.version, json }, replayed });
  }
}
