interface Family {
  /** The lines of its name, help and type. */
  readonly head: readonly string[];
  readonly series: string[];
}

/**
 * What several workers tell, in the text format of Prometheus, as one exposition: each series has the number of its worker as
 * the label `worker`, and the series of a metric stand together, as the format asks.
 *
 * @param expositions by the number of the worker; each metric begins with its `# HELP`
 */
export function mergeExpositions(expositions: ReadonlyMap<number, string>): string {
  const families = new Map<string, Family>();
  for (const [worker, text] of expositions)
    for (const [head, ...rest] of text.split(/^(?=# HELP )/m).map((family) => family.trimEnd().split('\n'))) {
      const name = /^# HELP (\S+)/.exec(head ?? '')?.[1];
      if (head === undefined || name === undefined) continue;
      const isComment = (line: string) => line.startsWith('#');
      const family = families.get(name) ?? { head: [head, ...rest.filter(isComment)], series: [] };
      for (const line of rest) if (!isComment(line)) family.series.push(labelled(line, worker));
      families.set(name, family);
    }
  return [...families.values()].flatMap(({ head, series }) => [...head, ...series, '']).join('\n');
}

/** @param line `name value` or `name{labels} value` */
function labelled(line: string, worker: number): string {
  return line.replace(/^[\w:]+(\{?)/, (name, brace) =>
    brace === '' ? `${name}{worker="${worker}"}` : `${name}worker="${worker}",`,
  );
}
