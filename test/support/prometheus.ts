import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { dump, load } from 'js-yaml';
import { freePort } from './redis-server.js';
import { ServerProcess, makeFolder } from './server-process.js';

interface Answer<Data> {
  readonly status: string;
  readonly data: Data;
}

interface Configuration {
  global: Record<string, string>;
  rule_files: string[];
  scrape_configs: { job_name: string; dns_sd_configs?: object[]; static_configs?: { targets: string[] }[] }[];
}

/** A real Prometheus with the rules of deploy/, that scrapes these addresses every second. */
export class PrometheusServer extends ServerProcess {
  private constructor(
    folder: string,
    private readonly url: string,
  ) {
    super(folder, {
      command: 'prometheus',
      args: [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=${new URL(url).host}`,
      ],
      ask: async () => {
        if (!(await fetch(`${url}/-/ready`)).ok) throw new Error('Prometheus is not ready.');
      },
    });
  }

  static async scraping(targets: readonly string[]): Promise<PrometheusServer> {
    const folder = makeFolder('prometheus');
    writeFileSync(join(folder, 'prometheus.yml'), dump(configurationFor(targets)));
    const server = new PrometheusServer(folder, `http://127.0.0.1:${await freePort()}`);
    try {
      await server.start();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The values that are numbers, one a series. @throws Error when Prometheus refuses the expression */
  async query(expr: string): Promise<number[]> {
    const { result } = await this.ask<{ result: { value: [number, string] }[] }>(
      `query?query=${encodeURIComponent(expr)}`,
    );
    return result.map(({ value }) => Number(value[1])).filter((value) => !Number.isNaN(value));
  }

  /** What Prometheus says of each rule: `ok`, or why not. */
  async ruleHealth(): Promise<Record<string, string>> {
    const { groups } = await this.ask<{
      groups: { rules: { name: string; health: string; lastError?: string }[] }[];
    }>('rules');
    const rules = groups.flatMap((group) => group.rules);
    return Object.fromEntries(rules.map(({ name, health, lastError }) => [name, lastError ?? health]));
  }

  private async ask<Data>(path: string): Promise<Data> {
    const response = await fetch(`${this.url}/api/v1/${path}`);
    const { status, data } = (await response.json()) as Answer<Data>;
    if (status !== 'success') throw new Error(`${path}: ${response.status}`);
    return data;
  }
}

/** That of deploy/, but for where to scrape and how often. */
function configurationFor(targets: readonly string[]): Configuration {
  const configuration = load(readFileSync('deploy/prometheus/prometheus.yml', 'utf8')) as Configuration;
  configuration.global = { scrape_interval: '1s', evaluation_interval: '1s' };
  configuration.rule_files = configuration.rule_files.map((file) => resolve('deploy/prometheus', file));
  for (const scrape of configuration.scrape_configs) {
    delete scrape.dns_sd_configs;
    scrape.static_configs = [{ targets: [...targets] }];
  }
  return configuration;
}

/** Runs promtool. @returns whether it found all in order, and what it said */
export async function promtool(...args: string[]): Promise<{ ok: boolean; output: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)('promtool', args);
    return { ok: true, output: stdout + stderr };
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return { ok: false, output: stdout + stderr };
  }
}

/** A folder with the rules and their tests, and with other alerts. */
export function copyOfRules(change: (alerts: string) => string): string {
  const folder = mkdtempSync(join(tmpdir(), 'basket-rules-'));
  const file = (name: string) => readFileSync(join('deploy/prometheus', name), 'utf8');
  writeFileSync(join(folder, 'recording.yml'), file('recording.yml'));
  writeFileSync(join(folder, 'alerts.test.yml'), file('alerts.test.yml'));
  writeFileSync(join(folder, 'alerts.yml'), change(file('alerts.yml')));
  return folder;
}

/** What `promtool check metrics` complains of. */
export function checkMetrics(text: string): string {
  const { stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  return stdout + stderr;
}
