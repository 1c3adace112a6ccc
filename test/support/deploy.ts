import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';

export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly datasource: { readonly uid: string };
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly Target[];
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: string }[] };
}

export interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly labels?: { readonly severity: string };
  readonly annotations?: { readonly summary: string; readonly runbook: string };
}

const read = (file: string) => readFileSync(`deploy/${file}`, 'utf8');

export const DASHBOARDS = ['service.json', 'business.json'];

export const readDashboard = (file: string) => JSON.parse(read(`grafana/dashboards/${file}`)) as Dashboard;

export function readRules(file: 'recording.yml' | 'alerts.yml'): Rule[] {
  const { groups } = load(read(`prometheus/${file}`)) as { groups: { rules: Rule[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

/** The figure that an alert compares with its bound, and the comparison. */
export function sidesOf(expr: string): { figure: string; operator: string; bound: number } {
  const [, figure = '', operator = '', bound = ''] = /^(.+) (==|>|<) ([\d.]+)$/s.exec(expr) ?? [];
  if (figure === '') throw new Error(`Not a comparison of one figure with one bound: ${expr}`);
  return { figure, operator, bound: Number(bound) };
}

/** All expressions of the dashboards, as Grafana would send them. */
export const dashboardQueries = (rateInterval: string, range: string): [string, string][] =>
  DASHBOARDS.flatMap((file) => readDashboard(file).panels).flatMap(({ title, targets = [] }) =>
    targets.map(({ refId, expr }): [string, string] => [
      `${title} ${refId}`,
      expr.replaceAll('$instance', '.+').replaceAll('$__rate_interval', rateInterval).replaceAll('$__range', range),
    ]),
  );
