import type { HistogramMetricData, SumMetricData } from '@opentelemetry/sdk-metrics';
import { BOUNDARIES, Operations } from './operations.js';

/** What a scrape reads of one metric: its labels and values. */
async function collected(operations: Operations, name: string): Promise<[object, unknown][]> {
  const { resourceMetrics } = await operations.collect();
  const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics) as (
    SumMetricData | HistogramMetricData
  )[];
  const metric = metrics.find(({ descriptor }) => descriptor.name === name);
  return (metric?.dataPoints ?? []).map(({ attributes, value }) => [attributes, value]);
}

const duration = async (operations: Operations, operation: string) => {
  const points = await collected(operations, 'basket_operation_duration_seconds');
  const found = points.find(([labels]) => (labels as { operation: string }).operation === operation);
  return found?.[1] as { buckets: { counts: number[] }; sum: number; count: number };
};

describe('Operations', () => {
  it.each([
    [200, 'ok'],
    [304, 'ok'],
    [404, 'refused'],
    [499, 'refused'],
    [500, 'failed'],
    [503, 'failed'],
  ])('count an answer of %d as %s', async (status, outcome) => {
    const operations = new Operations(['getBasket']);
    operations.record('getBasket', status, 0.01, undefined);
    const totals = await collected(operations, 'basket_operations_total');
    expect(totals.filter(([, value]) => value === 1)).toEqual([[{ operation: 'getBasket', outcome }, 1]]);
  });

  it('are there with 0 before their first request, so that the first increase shows', async () => {
    const operations = new Operations();
    operations.add('getBasket');
    operations.add('getBasket');
    expect(await collected(operations, 'basket_operations_total')).toEqual(
      ['none', 'getBasket'].flatMap((operation) =>
        ['ok', 'refused', 'failed'].map((outcome) => [{ operation, outcome }, 0]),
      ),
    );
  });

  it('put what was not added under none, so that no caller makes a label', async () => {
    const operations = new Operations(['getBasket']);
    for (const name of ['alice', '__proto__', undefined]) operations.record(name, 404, 0.01, 'route-not-found');
    expect(await collected(operations, 'basket_errors_total')).toEqual([
      [{ operation: 'none', code: 'route-not-found' }, 3],
    ]);
    expect(await collected(operations, 'basket_operations_total')).toHaveLength(6);
  });

  it('put a duration into the bucket whose upper bound it does not pass', async () => {
    const operations = new Operations(['getBasket']);
    for (const bound of BOUNDARIES) operations.record('getBasket', 200, bound, undefined);
    operations.record('getBasket', 200, 60, undefined);
    const { buckets, count, sum } = await duration(operations, 'getBasket');
    expect(buckets.counts).toEqual(Array.from({ length: BOUNDARIES.length + 1 }, () => 1));
    expect(count).toBe(BOUNDARIES.length + 1);
    expect(sum).toBeCloseTo(60 + BOUNDARIES.reduce((total, bound) => total + bound, 0));
  });
});
