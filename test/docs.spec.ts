import { readFileSync } from 'node:fs';
import { variables } from '../src/config.variables.js';
import { problems } from '../src/http/problems.js';

const readme = readFileSync('README.md', 'utf8');
const catalogue = readFileSync('docs/problems.md', 'utf8');
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };

/** Cells of a Markdown table: prettier pads them. */
const rowsOf = (text: string): string[] => text.split('\n').map((line) => line.replaceAll(/\s*\|\s*/g, '|'));

describe('The documentation', () => {
  it.each(Object.entries(variables))(
    'has %s in the table of the README',
    (name, { default: value, meaning, ...rest }) => {
      const shown = 'shown' in rest ? rest.shown : `\`${String(value)}\``;
      expect(rowsOf(readme)).toContain(`|\`${name}\`|${shown}|${meaning}|`);
    },
  );

  it.each(Object.entries(problems))('explains the problem %s with its status', (code, { status }) => {
    expect(rowsOf(catalogue).some((row) => row.startsWith(`|[\`${code}\`](#${code})|${status}|`))).toBe(true);
    expect(catalogue).toContain(`\n## ${code}\n\n${status}. `);
  });

  it.each(['README.md', 'CONTRIBUTING.md'])('names only npm scripts that exist, in %s', (file) => {
    const named = [...readFileSync(file, 'utf8').matchAll(/(?:`|^|&& )npm (?:run )?([\w:]+)/gm)].map(
      ([, script]) => script ?? '',
    );
    const unknown = named.filter((name) => !(name in scripts) && name !== 'ci');
    expect(unknown).toEqual([]);
  });
});
