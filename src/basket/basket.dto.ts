import { ApiProperty, ApiSchema, PickType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, ValidateNested } from 'class-validator';
import { IntegerField, PatternField, TextField, TimeField, UuidField } from '../http/fields.js';
import { MAX_USER_NAME } from '../http/user-name.js';
import { MAX_PRODUCT_NAME, MAX_UNIT_PRICE, limits } from './basket.limits.js';

const MOST_PIECES = limits.maxLines * limits.maxQuantity;
const CREATED = '2026-11-23T09:15:02.113Z';
const UPDATED = '2026-11-23T09:17:40.900Z';

const CurrencyField = () =>
  PatternField(/^[A-Z]{3}$/, 'must be an ISO 4217 code such as EUR', {
    description: 'ISO 4217 code. The first item or PUT sets it for the whole basket.',
    example: 'EUR',
  });

const MoneyField = (description: string, example: number, maximum = Number.MAX_SAFE_INTEGER) =>
  IntegerField(0, maximum, {
    description: `${description}, in the minor unit of the currency (cents; yen have none).`,
    example,
  });

@ApiSchema({ name: 'Item', description: 'A product and how many pieces of it.' })
export class ItemBody {
  @UuidField({ description: 'Identifies the line.', example: '5334c996-8457-4cf0-815c-ed2b77c4ff61' })
  productId!: string;

  @TextField(1, MAX_PRODUCT_NAME, { description: 'As it is shown to the shopper.', example: 'Field notebook' })
  productName!: string;

  @MoneyField('Price of one piece', 1250, MAX_UNIT_PRICE)
  unitPrice!: number;

  @IntegerField(1, limits.maxQuantity, { description: 'Pieces.', example: 2 })
  quantity!: number;
}

@ApiSchema({
  name: 'AddItem',
  description: 'A product to add. One that is in the basket gets the quantity added, and this name and price.',
})
export class AddItemBody extends ItemBody {
  @CurrencyField()
  currency!: string;
}

@ApiSchema({ name: 'UpdateItemQuantity' })
export class UpdateItemQuantityBody extends PickType(ItemBody, ['quantity']) {}

@ApiSchema({ name: 'PutBasket', description: 'The whole basket as it shall be.' })
export class PutBasketBody {
  @CurrencyField()
  currency!: string;

  @ApiProperty({ type: [ItemBody], maxItems: limits.maxLines, description: 'In this order; each product once.' })
  @Type(() => ItemBody)
  @ValidateNested({ each: true })
  @ArrayMaxSize(limits.maxLines)
  @IsArray()
  items!: ItemBody[];
}

@ApiSchema({ name: 'Line', description: 'One product in the basket.' })
export class LineView extends ItemBody {
  @MoneyField('unitPrice x quantity', 2500)
  lineTotal!: number;

  @TimeField({
    description: 'When the product came into the basket; a PUT of the basket starts anew.',
    example: CREATED,
  })
  addedAt!: string;
}

class BasketHead {
  @TextField(1, MAX_USER_NAME, { description: 'Whose basket it is.', example: 'alice' })
  userName!: string;

  @ApiProperty({ enum: ['active', 'abandoned'], example: 'active' })
  status!: 'active' | 'abandoned';

  @IntegerField(1, 2 ** 31 - 1, {
    description:
      "Counts the user's events; it goes on counting when a basket is deleted and another one created. The ETag.",
    example: 7,
  })
  version!: number;

  @CurrencyField()
  currency!: string;

  @IntegerField(0, MOST_PIECES, { description: 'Pieces in all lines.', example: 2 })
  totalItems!: number;

  @MoneyField('Price of all lines', 2500)
  totalPrice!: number;

  @TimeField({ description: 'When it was last changed.', example: UPDATED })
  updatedAt!: string;
}

@ApiSchema({ name: 'Basket' })
export class BasketView extends BasketHead {
  @UuidField({
    description: 'UUID v7, new for each basket of the user.',
    example: '019ab3c2-7d1e-7c4a-9f2e-0d5b8f1c2a33',
  })
  basketId!: string;

  @ApiProperty({
    type: [LineView],
    maxItems: limits.maxLines,
    description: 'In the order in which they were first added.',
  })
  items!: LineView[];

  @TimeField({ description: 'When it was created.', example: CREATED })
  createdAt!: string;
}

@ApiSchema({ name: 'BasketSummary', description: 'Enough for a cart badge, without the lines.' })
export class BasketSummaryView extends BasketHead {
  @IntegerField(0, limits.maxLines, { description: 'How many lines there are.', example: 1 })
  lines!: number;
}
