// What npm would install: from nowhere but the registry, exactly what was reviewed, under licences that we may use, and running nothing.
import { readFileSync } from 'node:fs';

const [lockFile = 'package-lock.json', manifestFile = 'package.json'] = process.argv.slice(2);

/** SPDX identifiers. What is shipped may be under these. */
const SHIPPED = [
  ...['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD'],
  ...['BlueOak-1.0.0', 'Unlicense', 'Python-2.0', 'CC0-1.0', 'Zlib'],
];
/** What only builds and tests it, under these too. */
const DEVELOPMENT = [...SHIPPED, 'CC-BY-4.0', 'PSF-2.0'];

const lock = JSON.parse(readFileSync(lockFile, 'utf8'));
const manifest = JSON.parse(readFileSync(manifestFile, 'utf8'));
const problems = [...inManifest(manifest), ...inLock(lock, manifest)];
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length > 0 ? 1 : 0;
if (problems.length === 0)
  process.stdout.write(`${Object.keys(lock.packages).length - 1} packages: sources, integrity, scripts, licences.\n`);

function* inManifest({ dependencies = {}, devDependencies = {}, optionalDependencies = {} }) {
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies }))
    if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) yield `${name}: ${version} is not an exact version`;
}

function* inLock({ lockfileVersion, packages }, manifest) {
  if (lockfileVersion !== 3) yield `lockfileVersion ${lockfileVersion} is not 3`;
  for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies'])
    if (JSON.stringify(packages[''][kind] ?? {}) !== JSON.stringify(manifest[kind] ?? {}))
      yield `${kind} of the manifest and the lockfile differ`;
  for (const [path, entry] of Object.entries(packages)) {
    // The root and its workspaces are ours.
    if (!path.includes('node_modules/')) continue;
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    for (const problem of inPackage(name, entry, manifest)) yield `${path}: ${problem}`;
  }
}

function* inPackage(
  name,
  { link, resolved, integrity, hasInstallScript, license, dev, version },
  { allowScripts = {} },
) {
  if (link) {
    if (!/^[\w-][\w/-]*$/.test(resolved)) yield `links to ${resolved}`;
    return;
  }
  // Ours come from whatever registry npm is set up with; a source of its own would go past it.
  if (resolved !== undefined) yield `has a source of its own`;
  if (!/^\d+\.\d+\.\d+/.test(version)) yield `${version} is no version of a registry`;
  if (!/^sha512-[\w+/]{86}==$/.test(integrity ?? '')) yield 'has no SHA-512 integrity';
  if (hasInstallScript && !(name in allowScripts)) yield 'has an install script that allowScripts does not decide on';
  if (!isAllowed(license, dev ? DEVELOPMENT : SHIPPED)) yield `licence ${license ?? 'unknown'}`;
}

/** An SPDX expression without WITH and nested parentheses: an alternative of which we may use every part. */
function isAllowed(expression, allowed) {
  if (typeof expression !== 'string') return false;
  const alternatives = expression.replaceAll(/[()]/g, '').split(' OR ');
  return alternatives.some((alternative) => alternative.split(' AND ').every((part) => allowed.includes(part.trim())));
}
