/** Tells, at the end of a run, how many suites were skipped for want of a server, and how to run them. */
export default class MissingServersReporter {
  onRunComplete(_contexts, results) {
    const missing = new Map();
    for (const { testResults } of results.testResults)
      for (const { ancestorTitles, status } of testResults) {
        const needs = / \[needs (.*)\]$/.exec(ancestorTitles[0] ?? '')?.[1];
        if (status === 'pending' && needs) missing.set(ancestorTitles[0], needs);
      }
    if (missing.size === 0) return;
    const lacking = [...new Set([...missing.values()].flatMap((needs) => needs.split(' and ')))];
    const isVariable = (name) => name === name.toUpperCase();
    const variables = lacking.filter(isVariable);
    const programs = lacking.filter((name) => !isVariable(name));
    const steps = [
      ...(variables.length > 0 ? [`Set ${variables.join(', ')}`] : []),
      ...(programs.length > 0 ? [`Install ${programs.join(', ')}`] : []),
    ];
    console.log(
      `\n${missing.size} suites were skipped because they need real servers. ${steps.join('; ')} to run them.`,
    );
  }
}
