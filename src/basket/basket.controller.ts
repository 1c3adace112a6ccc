import { Controller, Delete, Get, Headers, Patch, Post, Put, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { sendNothing, sendUnlessKnown, sendWritten } from '../http/answer.js';
import { Operation } from '../http/openapi.js';
import {
  Moment,
  MomentParameters,
  Options,
  ProductId,
  ProductIdParameter,
  UserName,
  UserNameParameter,
} from '../http/parameters.js';
import type { MomentInTime } from '../http/query.js';
import { ValidBody } from '../http/validation.pipe.js';
import type { WriteOptions } from './basket.repository.js';
import { AddItemBody, BasketSummaryView, BasketView, PutBasketBody, UpdateItemQuantityBody } from './basket.dto.js';
import { AddItem } from './commands/add-item.js';
import { ClearBasket } from './commands/clear-basket.js';
import { DeleteBasket } from './commands/delete-basket.js';
import { DeleteItem } from './commands/delete-item.js';
import { PutBasket } from './commands/put-basket.js';
import { UpdateItemQuantity } from './commands/update-item-quantity.js';
import { GetBasket } from './queries/get-basket.js';
import { GetPastBasket } from './queries/get-past-basket.js';
import { GetBasketSummary } from './queries/get-basket-summary.js';

const asItIsNow = { description: 'The basket as it is now.', body: BasketView, etag: true };

@ApiTags('baskets')
@UserNameParameter()
@Controller('baskets/:userName')
export class BasketController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Get()
  @Operation({
    id: 'getBasket',
    access: 'owner',
    summary: 'Read the basket',
    answers: {
      200: { description: 'The basket.', body: BasketView, etag: true },
      304: { description: 'It is at a version that you have.', etag: true },
    },
    refusals: ['basket-not-found', 'version-not-found'],
    conditions: ['If-None-Match'],
  })
  @MomentParameters()
  async getBasket(
    @UserName() userName: string,
    @Moment() moment: MomentInTime | undefined,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res() reply: FastifyReply,
  ) {
    const query = moment ? new GetPastBasket(userName, moment) : new GetBasket(userName);
    sendUnlessKnown(reply, ifNoneMatch, await this.queries.execute(query));
  }

  @Put()
  @Operation({
    id: 'putBasket',
    access: 'owner',
    summary: 'Create or replace the basket',
    description:
      'Without a condition the last write wins. To change single lines use the item routes: they keep what others change at the same time.',
    answers: {
      200: { description: 'Replaced.', body: BasketView, etag: true },
      201: { description: 'Created.', body: BasketView, etag: true, location: true },
    },
    refusals: ['currency-mismatch', 'duplicate-product', 'total-limit'],
    write: true,
    conditions: ['If-Match', 'If-None-Match: *'],
  })
  async putBasket(
    @UserName() userName: string,
    @ValidBody() body: PutBasketBody,
    @Options() options: WriteOptions,
    @Res() reply: FastifyReply,
  ) {
    const { created, ...written } = await this.commands.execute(new PutBasket(userName, body, options));
    if (created) reply.header('location', `/baskets/${encodeURIComponent(userName)}`);
    sendWritten(reply, created ? 201 : 200, written);
  }

  @Delete()
  @Operation({
    id: 'deleteBasket',
    access: 'owner',
    summary: 'Delete the basket',
    description: "The user's next basket has a new basketId; its versions go on from this one's.",
    answers: { 204: { description: 'Deleted.' } },
    refusals: ['basket-not-found'],
    write: true,
    conditions: ['If-Match'],
  })
  async deleteBasket(@UserName() userName: string, @Options() options: WriteOptions, @Res() reply: FastifyReply) {
    const { replayed } = await this.commands.execute(new DeleteBasket(userName, options));
    sendNothing(reply, replayed);
  }

  @Get('summary')
  @Operation({
    id: 'getBasketSummary',
    access: 'owner',
    summary: 'Read the totals of the basket',
    answers: {
      200: { description: 'The totals.', body: BasketSummaryView, etag: true },
      304: { description: 'The basket is at a version that you have.', etag: true },
    },
    refusals: ['basket-not-found'],
    conditions: ['If-None-Match'],
  })
  async getBasketSummary(
    @UserName() userName: string,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res() reply: FastifyReply,
  ) {
    const summary = await this.queries.execute(new GetBasketSummary(userName));
    sendUnlessKnown(reply, ifNoneMatch, { version: summary.version, json: JSON.stringify(summary) });
  }

  @Post('items')
  @Operation({
    id: 'addItem',
    access: 'owner',
    summary: 'Add a product',
    description: 'Opens a basket if there is none. Concurrent additions all take effect.',
    answers: {
      200: { description: 'The product was there: the quantity is added to its line.', body: BasketView, etag: true },
      201: { description: 'A new line.', body: BasketView, etag: true, location: true },
    },
    refusals: ['currency-mismatch', 'too-many-lines', 'quantity-limit', 'total-limit'],
    write: true,
    conditions: ['If-Match'],
  })
  async addItem(
    @UserName() userName: string,
    @ValidBody() body: AddItemBody,
    @Options() options: WriteOptions,
    @Res() reply: FastifyReply,
  ) {
    const { created, ...written } = await this.commands.execute(new AddItem(userName, body, options));
    if (created) reply.header('location', `/baskets/${encodeURIComponent(userName)}/items/${body.productId}`);
    sendWritten(reply, created ? 201 : 200, written);
  }

  @Delete('items')
  @Operation({
    id: 'clearBasket',
    access: 'owner',
    summary: 'Remove all lines',
    answers: { 200: { ...asItIsNow, description: 'The basket, empty.' } },
    refusals: ['basket-not-found'],
    write: true,
    conditions: ['If-Match'],
  })
  async clearBasket(@UserName() userName: string, @Options() options: WriteOptions, @Res() reply: FastifyReply) {
    sendWritten(reply, 200, await this.commands.execute(new ClearBasket(userName, options)));
  }

  @Patch('items/:productId')
  @ProductIdParameter()
  @Operation({
    id: 'updateItemQuantity',
    access: 'owner',
    summary: 'Change the quantity of one line',
    answers: { 200: asItIsNow },
    refusals: ['basket-not-found', 'item-not-found', 'total-limit'],
    write: true,
    conditions: ['If-Match'],
  })
  async updateItemQuantity(
    @UserName() userName: string,
    @ProductId() productId: string,
    @ValidBody() body: UpdateItemQuantityBody,
    @Options() options: WriteOptions,
    @Res() reply: FastifyReply,
  ) {
    sendWritten(
      reply,
      200,
      await this.commands.execute(new UpdateItemQuantity(userName, { productId, quantity: body.quantity }, options)),
    );
  }

  @Delete('items/:productId')
  @ProductIdParameter()
  @Operation({
    id: 'deleteBasketItem',
    access: 'owner',
    summary: 'Remove one line',
    answers: { 200: asItIsNow },
    refusals: ['basket-not-found', 'item-not-found'],
    write: true,
    conditions: ['If-Match'],
  })
  async deleteBasketItem(
    @UserName() userName: string,
    @ProductId() productId: string,
    @Options() options: WriteOptions,
    @Res() reply: FastifyReply,
  ) {
    sendWritten(reply, 200, await this.commands.execute(new DeleteItem(userName, productId, options)));
  }
}
