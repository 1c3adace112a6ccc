import { readFileSync } from 'node:fs';

// The Dockerfile, read as an engine would.

interface Instruction {
  readonly keyword: string;
  readonly text: string;
}
interface Stage {
  readonly from: string;
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

function parseDockerfile(file: string): { head: Instruction[]; stages: Stage[] } {
  const lines = file
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const head: Instruction[] = [];
  const stages: { from: string; name: string | undefined; instructions: Instruction[] }[] = [];
  for (const line of lines) {
    const [, keyword = '', text = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (keyword === '') throw new Error(`Not an instruction: ${line}`);
    const [, from = '', , name] = keyword === 'FROM' ? (/^(\S+)( AS (\S+))?$/.exec(text) ?? []) : [];
    if (keyword === 'FROM') stages.push({ from, name, instructions: [] });
    else (stages.at(-1)?.instructions ?? head).push({ keyword, text });
  }
  return { head, stages };
}

export const dockerfile = readFileSync('Dockerfile', 'utf8');
export const { head, stages } = parseDockerfile(dockerfile);
/** The last stage. */
export const image = stages.at(-1) ?? { from: '', name: undefined, instructions: [] };
export const all = (keyword: string, stage = image) =>
  stage.instructions.filter((one) => one.keyword === keyword).map(({ text }) => text);
export const only = (keyword: string, stage = image) => {
  const found = all(keyword, stage);
  if (found.length !== 1) throw new Error(`${found.length} instructions ${keyword}`);
  return found[0] ?? '';
};
export const stageNamed = (name: string) => {
  const stage = stages.find((one) => one.name === name);
  if (!stage) throw new Error(`No stage ${name}`);
  return stage;
};
export const wordsOf = (json: string) => JSON.parse(json) as string[];
export const imageEnvironment = Object.fromEntries(
  all('ENV').flatMap((text) => text.split(' ').map((pair) => pair.split('=') as [string, string])),
);
export const [healthOptions = '', healthCommand = ''] = only('HEALTHCHECK').split(' CMD ');
