import { existsSync, readFileSync } from 'node:fs';
import { variables } from '../../src/config.variables.js';
import {
  all,
  dockerfile,
  head,
  healthOptions,
  image,
  imageEnvironment,
  only,
  stageNamed,
  stages,
  wordsOf,
} from '../support/dockerfile.js';

// What an engine would make of Dockerfile and .dockerignore, as far as it shows without one.

const read = (file: string) => readFileSync(file, 'utf8');
const manifest = JSON.parse(read('package.json')) as { name: string; optionalDependencies: Record<string, string> };

describe('The Dockerfile', () => {
  it('starts every stage from one base that a build argument names', () => {
    const names = stages.map(({ name }) => name);
    const foreign = stages.filter(({ from }, i) => from !== '${NODE_IMAGE}' && !names.slice(0, i).includes(from));
    expect(foreign).toEqual([]);
    expect(image.from).toBe('${NODE_IMAGE}');
    expect(head.map(({ keyword }) => keyword)).toEqual(['ARG']);
  });

  it('names the same version of Node as package.json', () => {
    const versions = Object.values(manifest.optionalDependencies);
    expect(new Set(versions.map((version) => `NODE_IMAGE=node:${version}-trixie-slim`))).toEqual(
      new Set(head.map(({ text }) => text)),
    );
  });

  it('installs what the lockfile says and runs no install script', () => {
    const installs = stages
      .flatMap((stage) => all('RUN', stage))
      .filter((text) => /\bnpm (ci|i|install|add)\b/.test(text));
    expect(installs).toEqual([expect.stringMatching(/ npm ci --ignore-scripts$/)]);
  });

  it('installs before it copies the sources, so that their changes leave the dependencies cached', () => {
    const { instructions } = stageNamed('build');
    const at = (pattern: RegExp) => instructions.findIndex(({ text }) => pattern.test(text));
    expect(at(/npm ci/)).toBeGreaterThanOrEqual(0);
    expect(at(/^src /)).toBeGreaterThan(at(/npm ci/));
    expect(at(/npm run build/)).toBeGreaterThan(at(/^src /));
    expect(image.instructions.findLastIndex(({ keyword }) => keyword === 'COPY')).toBeLessThan(
      image.instructions.findIndex(({ keyword }) => keyword === 'ARG'),
    );
  });

  it('takes from the context only what .dockerignore lets in, and lets in nothing else', () => {
    const copied = stages
      .flatMap((stage) => all('COPY', stage))
      .filter((text) => !text.startsWith('--from='))
      .flatMap((text) => text.split(' ').slice(0, -1));
    const rules = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(rules[0]).toBe('*');
    expect(
      rules
        .filter((rule) => rule.startsWith('!'))
        .map((rule) => rule.slice(1))
        .sort(),
    ).toEqual(copied.sort());
    expect(rules.slice(1).filter((rule) => !rule.startsWith('!'))).toContain('**/*.spec.ts');
    for (const source of copied) expect(existsSync(source)).toBe(true);
  });

  it('runs as a numbered user that is not root and owns the data folder only', () => {
    const user = only('USER');
    expect(user).toMatch(/^[1-9]\d{3,}:[1-9]\d{3,}$/);
    const owned = all('COPY').filter((text) => text.includes('--chown'));
    expect(owned).toEqual([
      `--from=build --chown=${user} ${imageEnvironment.DATABASE_DIR} ${imageEnvironment.DATABASE_DIR}`,
    ]);
    expect(all('RUN')).toEqual([]);
  });

  it('starts Node as process 1, without a shell that would swallow signals', () => {
    const [program, ...rest] = [...wordsOf(only('ENTRYPOINT')), ...wordsOf(only('CMD'))];
    expect(program).toBe('node');
    expect(rest.filter((word) => !word.startsWith('--'))).toEqual(['dist/bundle/main.js']);
    expect(existsSync('src/main.ts')).toBe(true);
  });

  it('sets up production on every address and the port that it exposes', () => {
    expect(imageEnvironment).toEqual({ NODE_ENV: 'production', HOST: '0.0.0.0', PORT: '3000', DATABASE_DIR: '/data' });
    expect(only('EXPOSE')).toBe(imageEnvironment.PORT);
    expect(Object.keys(variables)).toEqual(expect.arrayContaining(Object.keys(imageEnvironment)));
  });

  it('says what the image is', () => {
    const labels = [...only('LABEL').matchAll(/org\.opencontainers\.image\.(\w+)="([^"]+)"/g)].map(([, k, v]) => [
      k,
      v,
    ]);
    expect(Object.fromEntries(labels)).toMatchObject({
      title: manifest.name,
      version: '${VERSION}',
      revision: '${REVISION}',
    });
    expect(all('ARG').map((text) => text.split('=')[0])).toEqual(['VERSION', 'REVISION']);
  });

  it('names no host to fetch from', () => {
    expect(dockerfile.match(/https?:\/\/(?!127\.0\.0\.1:)/g)).toBeNull();
    expect(dockerfile).not.toMatch(/\b(curl|wget|apt-get)\b/);
  });

  it('checks its health more often than it gives up, and gives boot its time', () => {
    expect(healthOptions).toMatch(/^--interval=10s --timeout=3s --start-period=60s --retries=3\s*$/);
  });
});
