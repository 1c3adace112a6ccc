/** Series in the text format of Prometheus, `name{labels}`, with their values. */
export class Metrics {
  readonly series: ReadonlyMap<string, number>;

  constructor(readonly text: string) {
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    this.series = new Map(
      lines.map((line) => {
        const at = line.lastIndexOf(' ');
        return [line.slice(0, at), Number(line.slice(at + 1))];
      }),
    );
  }

  static async scrape(url: string): Promise<Metrics> {
    const response = await fetch(url);
    expect(response.status).toBe(200);
    return new Metrics(await response.text());
  }

  /** The value of a series, with its labels in the order that they come in. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const inside = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    return this.series.get(inside.length > 0 ? `${name}{${inside.join(',')}}` : name);
  }

  /** Of metrics, without the suffixes of a histogram. */
  get names(): string[] {
    const names = [...this.text.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name ?? '');
    return names.sort();
  }
}
