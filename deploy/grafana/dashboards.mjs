// The dashboards, made with Grafana's own builders. `npm run dashboards` writes them to dashboards/; a test holds both together.
import { ReduceDataOptionsBuilder } from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardBuilder,
  DashboardCursorSync,
  QueryVariableBuilder,
  RowBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries';

const DATASOURCE = { type: 'prometheus', uid: 'prometheus' };
/** Of the variable of that name: the replicas that are shown. */
const SHOWN = 'instance=~"$instance"';
/** What shoppers ask for: probes, unknown paths and streams, which last as long as they like, left out. */
const SHOPPERS = `${SHOWN},operation!~"none|getHealth|getLiveness|getReadiness|streamBasket"`;
const WINDOW = '$__rate_interval';

const rate = (metric, labels = SHOWN) => `rate(${metric}{${labels}}[${WINDOW}])`;
const quantile = (q, by = '') =>
  `histogram_quantile(${q}, sum by (le${by}) (${rate('basket_operation_duration_seconds_bucket', SHOPPERS)}))`;

/** @param {Record<string, string>} queries expressions by their legend */
const queriesOf = (queries) =>
  Object.entries(queries).map(([legend, expr], at) =>
    new DataqueryBuilder()
      .refId(String.fromCharCode(65 + at))
      .expr(expr)
      .legendFormat(legend)
      .datasource(DATASOURCE),
  );

const about = (builder, title, description, unit) =>
  builder.title(title).description(description).unit(unit).datasource(DATASOURCE).height(8);

const graph = (title, description, unit, queries) =>
  about(new TimeSeries(), title, description, unit)
    .span(8)
    .min(0)
    .targets(queriesOf(queries).map((query) => query.range()));

const figure = (title, description, unit, queries) =>
  about(new Stat(), title, description, unit)
    .span(6)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .targets(queriesOf(queries).map((query) => query.instant()));

function dashboard(uid, title, description, rows) {
  const builder = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(['basket'])
    .timezone('utc')
    .time({ from: 'now-1h', to: 'now' })
    .refresh('30s')
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(
      new QueryVariableBuilder('instance')
        .label('Replica')
        .query('label_values(basket_build_info, instance)')
        .datasource(DATASOURCE)
        .multi(true)
        .includeAll(true)
        .allValue('.+'),
    );
  let id = 1;
  for (const [name, panels] of Object.entries(rows)) {
    builder.withRow(new RowBuilder(name).id(id++));
    for (const one of panels) builder.withPanel(one.id(id++));
  }
  return builder.build();
}

const service = dashboard(
  'basket-service',
  'Basket: service',
  'How the service fares. Alerts and what to do: docs/operations.md.',
  {
    'At a glance': [
      figure('Ready replicas', 'They have their database and are not draining.', 'none', {
        ready: `sum(basket_ready{${SHOWN}})`,
      }),
      figure('Requests', 'A second, probes left out.', 'reqps', {
        requests: `sum(${rate('basket_operations_total', SHOPPERS)})`,
      }),
      figure('Failed', 'Share of requests with a 5xx. The promise is below 0.1 %.', 'percentunit', {
        failed: `sum(${rate('basket_operations_total', `${SHOPPERS},outcome="failed"`)}) / sum(${rate('basket_operations_total', SHOPPERS)})`,
      }),
      figure('p95', 'Of all requests. The promise is below 100 ms.', 's', { p95: quantile(0.95) }),
    ],
    Operations: [
      graph('Requests by operation', 'A second.', 'reqps', {
        '{{operation}}': `sum by (operation) (${rate('basket_operations_total', SHOPPERS)})`,
      }),
      graph('Requests by outcome', 'Refused is 4xx, failed 5xx.', 'reqps', {
        '{{outcome}}': `sum by (outcome) (${rate('basket_operations_total', SHOPPERS)})`,
      }),
      graph('Refusals and failures by code', 'The codes are those of docs/problems.md.', 'reqps', {
        '{{code}}': `sum by (code) (${rate('basket_errors_total')})`,
      }),
      graph('Duration of all operations', 'From the head of a request to the end of its answer.', 's', {
        p50: quantile(0.5),
        p95: quantile(0.95),
        p99: quantile(0.99),
      }),
      graph('p95 by operation', '', 's', { '{{operation}}': quantile(0.95, ', operation') }),
      graph('Live streams', 'Open streams of server-sent events.', 'none', {
        '{{instance}} {{worker}}': `basket_live_streams{${SHOWN}}`,
      }),
    ],
    'Cache and writers': [
      graph('Cache hits', 'Share of the reads that the cache answered.', 'percentunit', {
        hits: `sum(${rate('basket_cache_hits_total')}) / (sum(${rate('basket_cache_hits_total')}) + sum(${rate('basket_cache_misses_total')}) + sum(${rate('basket_cache_errors_total')}))`,
      }),
      graph('Cache trouble', 'Errors: Redis did not answer. Discards: a read that was overtaken by a write.', 'ops', {
        errors: `sum(${rate('basket_cache_errors_total')})`,
        'stale discards': `sum(${rate('basket_cache_stale_discards_total')})`,
      }),
      graph('Version conflicts', 'Appends that another writer was faster than, and decisions taken again.', 'ops', {
        conflicts: `sum(${rate('basket_version_conflicts_total')})`,
        retries: `sum(${rate('basket_retries_total')})`,
      }),
    ],
    Outbox: [
      graph('Lag', 'Age of the oldest event that is still to be published.', 's', {
        lag: 'max(basket_outbox_lag_seconds)',
      }),
      graph('Waiting events', 'All replicas see the same outbox.', 'none', {
        waiting: 'max(basket_outbox_lag_events)',
      }),
      graph('Parked events', 'They cannot be published and wait for a person.', 'none', {
        parked: 'max(basket_outbox_parked_events)',
      }),
    ],
    Saturation: [
      graph('Connections to PostgreSQL', '', 'none', {
        '{{state}}': `sum by (state) (basket_db_connections{${SHOWN}})`,
        waiting: `sum(basket_db_waiting{${SHOWN}})`,
        most: `sum(basket_db_connections_max{${SHOWN}})`,
      }),
      graph('Event loop', 'Share of the time that it is busy: at 1 a replica is at its end.', 'percentunit', {
        '{{instance}} {{worker}}': `nodejs_eventloop_utilization{${SHOWN}}`,
      }),
      graph('Event loop delay', '', 's', {
        'p50 {{instance}} {{worker}}': `nodejs_eventloop_delay_p50_seconds{${SHOWN}}`,
        'p99 {{instance}} {{worker}}': `nodejs_eventloop_delay_p99_seconds{${SHOWN}}`,
        'longest {{instance}} {{worker}}': `nodejs_eventloop_delay_max_seconds{${SHOWN}}`,
      }),
      graph('CPU', 'Cores.', 'none', { '{{instance}} {{worker}}': rate('process_cpu_seconds_total') }),
      graph('Memory', '', 'bytes', {
        'resident {{instance}} {{worker}}': `process_resident_memory_bytes{${SHOWN}}`,
        'heap {{instance}} {{worker}}': `nodejs_heap_used_bytes{${SHOWN}}`,
        'heap at most {{instance}} {{worker}}': `nodejs_heap_limit_bytes{${SHOWN}}`,
      }),
      graph('Versions', 'Replicas by what they run.', 'none', {
        '{{version}} on Node {{node}}': `count by (version, node) (basket_build_info{${SHOWN}})`,
      }),
    ],
  },
);

const events = (types) => `sum(increase(basket_events_total{${SHOWN},type=~"${types}"}[$__range]))`;
const perSecond = (type) => `sum(${rate('basket_events_total', `${SHOWN},type="${type}"`)})`;

const business = dashboard(
  'basket-business',
  'Basket: business',
  'What shoppers do. Days and months are in GET /analytics/baskets.',
  {
    'In the time shown': [
      figure('Baskets opened', '', 'none', { opened: events('BasketCreated') }),
      figure('Checked out', '', 'none', { 'checked out': events('BasketCheckedOut') }),
      figure('Abandonment', 'Abandoned baskets by opened ones.', 'percentunit', {
        abandonment: `${events('BasketAbandoned')} / ${events('BasketCreated')}`,
      }),
      figure('Conversion', 'Checked-out baskets by opened ones.', 'percentunit', {
        conversion: `${events('BasketCheckedOut')} / ${events('BasketCreated')}`,
      }),
    ],
    Baskets: [
      graph('Baskets', 'A second.', 'ops', {
        opened: perSecond('BasketCreated'),
        'checked out': perSecond('BasketCheckedOut'),
        deleted: perSecond('BasketDeleted'),
      }),
      graph('Abandonment', 'A second.', 'ops', {
        abandoned: perSecond('BasketAbandoned'),
        'came back': perSecond('BasketReactivated'),
      }),
      graph('Changes', 'A second.', 'ops', { '{{type}}': `sum by (type) (${rate('basket_events_total')})` }),
    ],
    Value: [
      graph('Checked-out value', 'A second, in minor units (cents) of each currency.', 'none', {
        '{{currency}}': `sum by (currency) (${rate('basket_checked_out_value_total')})`,
      }),
      graph('Average value of a checked-out basket', 'In minor units (cents) of each currency.', 'none', {
        '{{currency}}': `sum by (currency) (${rate('basket_checked_out_value_total')}) / sum by (currency) (${rate('basket_checked_out_total')})`,
      }),
      graph('Check-outs by currency', 'A second.', 'ops', {
        '{{currency}}': `sum by (currency) (${rate('basket_checked_out_total')})`,
      }),
    ],
  },
);

/** By the name of its file. */
export const dashboards = { 'service.json': service, 'business.json': business };

/** @param {object} dashboard */
export const textOf = (dashboard) => `${JSON.stringify(dashboard, null, 2)}\n`;
