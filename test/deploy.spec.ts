import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { load } from 'js-yaml';
import { DASHBOARDS, dashboardQueries, readDashboard, readRules, sidesOf } from './support/deploy.js';
import type { Panel } from './support/deploy.js';

const guide = readFileSync('docs/operations.md', 'utf8');
const explained = new Set([...guide.matchAll(/^\| `(\w+)(\{[\w,]+\})?` +\|/gm)].map(([, name]) => name ?? ''));

const closed = (properties: object, required = Object.keys(properties)) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
const string = { type: 'string', minLength: 1 };
const whole = { type: 'integer', minimum: 0 };
const datasource = closed({ type: { const: 'prometheus' }, uid: { const: 'prometheus' } });
const target = closed(
  {
    refId: string,
    expr: string,
    legendFormat: string,
    datasource,
    instant: { type: 'boolean' },
    range: { type: 'boolean' },
  },
  ['refId', 'expr', 'legendFormat', 'datasource', 'range'],
);
const gridPos = closed({ x: whole, y: whole, w: { ...whole, minimum: 1, maximum: 24 }, h: { ...whole, minimum: 1 } });
/** The part of Grafana's dashboard schema (version 42) that its builders and its provisioning ask for. */
const dashboardSchema = {
  type: 'object',
  required: ['uid', 'title', 'schemaVersion', 'panels', 'templating', 'time', 'tags', 'refresh'],
  properties: {
    uid: { ...string, maxLength: 40, pattern: '^[\\w-]+$' },
    title: string,
    schemaVersion: { const: 42 },
    timezone: { const: 'utc' },
    time: closed({ from: string, to: string }),
    templating: closed({
      list: {
        type: 'array',
        items: { type: 'object', required: ['type', 'name', 'query', 'datasource'], properties: { datasource } },
      },
    }),
    panels: {
      type: 'array',
      items: {
        oneOf: [
          closed({
            type: { const: 'row' },
            id: whole,
            title: string,
            gridPos,
            collapsed: { const: false },
            panels: {},
          }),
          {
            type: 'object',
            required: ['type', 'id', 'title', 'gridPos', 'datasource', 'targets', 'fieldConfig'],
            properties: {
              type: { enum: ['stat', 'timeseries'] },
              id: { ...whole, minimum: 1 },
              title: string,
              gridPos,
              datasource,
              targets: { type: 'array', minItems: 1, items: target },
              fieldConfig: {
                type: 'object',
                required: ['defaults'],
                properties: { defaults: { type: 'object', required: ['unit'] } },
              },
            },
          },
        ],
      },
    },
  },
};

const overlap = ({ gridPos: a }: Panel, { gridPos: b }: Panel) =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

/** Names of metrics of the service in an expression. */
const metricsIn = (expr: string) =>
  [...expr.matchAll(/(?<![\w:$])(basket|nodejs|process)_\w+/g)].map(([name]) =>
    name.replace(/_(bucket|sum|count)$/, ''),
  );

describe.each(DASHBOARDS)('The dashboard %s', (file) => {
  const dashboard = readDashboard(file);

  it('is what dashboards.mjs makes', async () => {
    // Not a literal: it has no types.
    const source = resolve('deploy/grafana/dashboards.mjs');
    const { dashboards } = (await import(source)) as { dashboards: Record<string, object> };
    expect(JSON.parse(JSON.stringify(dashboards[file]))).toEqual(dashboard);
  });

  it('is one that Grafana takes, as far as its schema goes', () => {
    const validate = new Ajv2020({ strict: false, allErrors: true }).compile(dashboardSchema);
    validate(dashboard);
    expect(validate.errors).toBeNull();
    // The control.
    expect(validate({ ...dashboard, panels: [{ type: 'stat', id: 1 }] })).toBe(false);
  });

  it('has each panel once, beside the others and within 24 columns', () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    const clashes = panels.flatMap((one, at) => panels.slice(at + 1).filter((other) => overlap(one, other)));
    expect(clashes).toEqual([]);
    for (const { targets = [] } of panels) expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
  });

  it('shows the datasource that is provisioned', () => {
    const provisioned = load(readFileSync('deploy/grafana/provisioning/datasources/prometheus.yaml', 'utf8')) as {
      datasources: { uid: string; type: string }[];
    };
    expect(provisioned.datasources).toEqual([expect.objectContaining({ uid: 'prometheus', type: 'prometheus' })]);
  });
});

describe('Dashboards and rules', () => {
  const rules = [...readRules('recording.yml'), ...readRules('alerts.yml')];
  const expressions = [...dashboardQueries('1m', '1h').map(([, expr]) => expr), ...rules.map(({ expr }) => expr)];

  it('ask for metrics that the service has', () => {
    const asked = new Set(expressions.flatMap(metricsIn));
    expect([...asked].filter((name) => !explained.has(name))).toEqual([]);
    expect(asked.size).toBeGreaterThan(20);
  });

  it('use no recorded figure that is not recorded', () => {
    const recorded = readRules('recording.yml').map(({ record }) => record);
    const used = expressions.flatMap((expr) => [...expr.matchAll(/basket:[\w:]+/g)].map(([name]) => name));
    expect(used.filter((name) => !recorded.includes(name))).toEqual([]);
  });

  it.each(readRules('alerts.yml'))(
    'lead from $alert to what it means and what to do',
    ({ alert, annotations, labels, expr }) => {
      expect(annotations?.runbook).toBe(`docs/operations.md#${alert?.toLowerCase()}`);
      expect(guide).toMatch(new RegExp(`^### ${alert}\n\n[^#]{80,}`, 'm'));
      expect(['page', 'ticket']).toContain(labels?.severity);
      expect(sidesOf(expr).figure).not.toBe('');
    },
  );
});
