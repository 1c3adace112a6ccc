import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { IntegerField, PatternField } from '../http/fields.js';

const DayField = (description: string) =>
  ApiProperty({ type: 'string', format: 'date', description, example: '2026-11-23' });

const CountField = (description: string, example: number) =>
  IntegerField(0, Number.MAX_SAFE_INTEGER, { description, example });

const RateField = (description: string, example: number) =>
  ApiProperty({
    type: 'number',
    minimum: 0,
    maximum: 1,
    description: `${description}, from 0 to 1, rounded to four decimals, halves up.`,
    example,
  });

@ApiSchema({
  name: 'DayOfBaskets',
  description:
    'The baskets that were opened on one day in one currency, and what has become of them since: the figures of a past day change as its baskets do.',
})
class DayOfBasketsView {
  @DayField('The UTC day on which the baskets were opened.')
  day!: string;

  @PatternField(/^[A-Z]{3}$/, '', { description: 'ISO 4217 code.', example: 'EUR' })
  currency!: string;

  @CountField('Users who opened at least one of these baskets; guests are users of their own.', 812)
  uniqueUsers!: number;

  @CountField(
    'Baskets that were opened, whatever became of them: one that was deleted or emptied counts, one that was replaced is still the same.',
    1045,
  )
  baskets!: number;

  @ApiProperty({
    type: 'number',
    minimum: 0,
    description:
      'Pieces in an average basket, over those that have something in them: an open one as it is, one that was checked out as it was then. Rounded to two decimals, halves up; 0 when there is none.',
    example: 3.25,
  })
  averageItems!: number;

  @IntegerField(0, Number.MAX_SAFE_INTEGER, {
    description:
      'Total price of an average basket, over the same baskets, in the minor unit of the currency (cents; yen have none). Rounded to whole units, halves up; 0 when there is none.',
    example: 4310,
  })
  averageValue!: number;

  @CountField('Those of the baskets that were checked out, on whatever day.', 268)
  checkedOut!: number;

  @CountField('Those of the baskets that are abandoned now; one that its shopper came back to is not.', 391)
  abandoned!: number;

  @RateField('abandoned / baskets', 0.3742)
  abandonmentRate!: number;

  @RateField('checkedOut / baskets', 0.2565)
  conversionRate!: number;
}

@ApiSchema({ name: 'BasketAnalytics' })
export class BasketAnalyticsView {
  @DayField('The first day.')
  from!: string;

  @DayField('The last day.')
  to!: string;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'What happened until then is in the figures; null before they are counted for the first time.',
    example: '2026-11-23T09:15:02.113Z',
  })
  refreshedAt!: string | null;

  @ApiProperty({
    type: [DayOfBasketsView],
    description: 'By day, then by currency. A day on which no basket was opened in a currency has no row for it.',
  })
  days!: DayOfBasketsView[];
}
