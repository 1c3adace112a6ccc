import { ApiExtraModels, ApiProperty, ApiSchema, PickType, getSchemaPath } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsIn, ValidateNested } from 'class-validator';
import { IntegerField, TimeField, UserNameField, UuidField } from '../http/fields.js';
import { AddItemBody, BasketView, ItemBody } from './basket.dto.js';
import { limits } from './basket.limits.js';
import type { BatchCommand } from './domain/batch.js';
import type { MergeStrategy } from './domain/basket.events.js';

const MAX_VERSION = 2 ** 31 - 1;
const MOST_COMMANDS = 250;
const STRATEGIES: readonly MergeStrategy[] = ['sum', 'max', 'keep-user', 'keep-guest'];
const OUTCOMES = ['added', 'merged', 'kept', 'capped', 'dropped'];

const VersionField = (description: string) => IntegerField(1, MAX_VERSION, { description, example: 7 });

@ApiSchema({ name: 'CheckOut' })
export class CheckOutBody {
  @VersionField('The version that the shopper saw: exactly that is handed over, or nothing.')
  version!: number;
}

@ApiSchema({ name: 'CheckedOut', description: 'What was handed over.' })
export class CheckedOutView {
  @UuidField({ description: 'The basket.', example: '019ab3c2-7d1e-7c4a-9f2e-0d5b8f1c2a33' })
  basketId!: string;

  @VersionField('That of the BasketCheckedOut event, which the ordering service gets.')
  version!: number;

  @TimeField({ description: 'When.', example: '2026-11-23T09:20:00.000Z' })
  checkedOutAt!: string;
}

@ApiSchema({ name: 'MergeBaskets' })
export class MergeBasketsBody {
  @UserNameField({
    description: 'Whose basket is emptied into this one: the guest that logged in.',
    example: 'guest-7f3a',
  })
  fromUserName!: string;

  @ApiProperty({
    enum: STRATEGIES,
    default: 'sum',
    required: false,
    description:
      'The quantity of a product that is in both baskets: the sum, the larger one, the user’s or the guest’s.',
  })
  @IsIn(STRATEGIES)
  strategy: MergeStrategy = 'sum';
}

@ApiSchema({ name: 'MergedLine', description: "What became of one line of the guest's basket." })
export class MergedLineView extends PickType(ItemBody, ['productId']) {
  @ApiProperty({
    enum: OUTCOMES,
    description:
      '`added`: the user did not have it. `merged`: by the strategy. `kept`: the user’s line stays as it was. `capped`: cut to the limit. `dropped`: no room.',
  })
  outcome!: string;

  @IntegerField(1, limits.maxQuantity, { description: "Pieces in the guest's basket.", example: 2 })
  guestQuantity!: number;

  @IntegerField(0, limits.maxQuantity, { description: "Pieces in the user's basket afterwards.", example: 3 })
  quantity!: number;
}

@ApiSchema({ name: 'MergeResult' })
export class MergeResultView {
  @ApiProperty({ description: 'The basket as it is now.' })
  basket!: BasketView;

  @ApiProperty({ type: [MergedLineView], maxItems: limits.maxLines, description: "Every line of the guest's basket." })
  report!: MergedLineView[];
}

const TypeField = (type: BatchCommand['type']) => ApiProperty({ enum: [type] });

class BatchCommandBody {
  @IsIn(['add-item', 'update-item-quantity', 'delete-item', 'clear'])
  type!: BatchCommand['type'];
}

@ApiSchema({ name: 'BatchAddItem' })
class BatchAddItemBody extends AddItemBody {
  @TypeField('add-item')
  @IsIn(['add-item'])
  type!: 'add-item';
}

@ApiSchema({ name: 'BatchUpdateItemQuantity' })
class BatchUpdateItemQuantityBody extends PickType(ItemBody, ['productId', 'quantity']) {
  @TypeField('update-item-quantity')
  @IsIn(['update-item-quantity'])
  type!: 'update-item-quantity';
}

@ApiSchema({ name: 'BatchDeleteItem' })
class BatchDeleteItemBody extends PickType(ItemBody, ['productId']) {
  @TypeField('delete-item')
  @IsIn(['delete-item'])
  type!: 'delete-item';
}

@ApiSchema({ name: 'BatchClear' })
class BatchClearBody {
  @TypeField('clear')
  @IsIn(['clear'])
  type!: 'clear';
}

const BATCH_COMMANDS = {
  'add-item': BatchAddItemBody,
  'update-item-quantity': BatchUpdateItemQuantityBody,
  'delete-item': BatchDeleteItemBody,
  clear: BatchClearBody,
};

@ApiSchema({ name: 'ExecuteBatch', description: 'Commands that take effect in order, all or none.' })
@ApiExtraModels(...Object.values(BATCH_COMMANDS))
export class ExecuteBatchBody {
  @ApiProperty({
    type: 'array',
    minItems: 1,
    maxItems: MOST_COMMANDS,
    items: {
      oneOf: Object.values(BATCH_COMMANDS).map((body) => ({ $ref: getSchemaPath(body) })),
      discriminator: {
        propertyName: 'type',
        mapping: Object.fromEntries(Object.entries(BATCH_COMMANDS).map(([type, body]) => [type, getSchemaPath(body)])),
      },
    },
  })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MOST_COMMANDS)
  @ValidateNested({ each: true })
  @Type(() => BatchCommandBody, {
    keepDiscriminatorProperty: true,
    discriminator: {
      property: 'type',
      subTypes: Object.entries(BATCH_COMMANDS).map(([name, value]) => ({ name, value })),
    },
  })
  commands!: (BatchAddItemBody | BatchUpdateItemQuantityBody | BatchDeleteItemBody | BatchClearBody)[];
}

@ApiSchema({ name: 'BasketEvent', description: 'One thing that happened; docs/events.md lists the types.' })
class BasketEventView {
  @VersionField("Its place among the user's events.")
  version!: number;

  @ApiProperty({ example: 'BasketItemQuantityUpdated' })
  type!: string;

  @TimeField({ description: 'When.', example: '2026-11-23T09:17:40.900Z' })
  occurredAt!: string;

  @UuidField({ description: 'The basket it happened to.', example: '019ab3c2-7d1e-7c4a-9f2e-0d5b8f1c2a33' })
  basketId!: string;

  @ApiProperty({ type: 'object', additionalProperties: true, description: 'By its type.' })
  data!: Record<string, unknown>;

  @ApiProperty({ type: String, nullable: true, description: 'Who did it, if it is known.' })
  actor!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'The X-Request-Id of the request that did it.' })
  requestId!: string | null;
}

@ApiSchema({ name: 'BasketHistory' })
export class BasketHistoryView {
  @ApiProperty({ type: [BasketEventView], maxItems: 200, description: 'Oldest first.' })
  events!: BasketEventView[];

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: '`after` of the next page; null on the last.',
    example: 50,
  })
  nextAfter!: number | null;
}
