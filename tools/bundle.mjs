// node tools/bundle.mjs: joins what nest build left in dist/src, and the packages that it uses, to a few files in dist/bundle.
// To find and compile 2,500 small files is most of what a start costs (docs/adr/0018-bundle.md).
import { rm } from 'node:fs/promises';
import { rolldown } from 'rolldown';
import { APART, ONE_COPY, onLog } from './joining.mjs';

const OUT = 'dist/bundle';
const ENTRIES = ['main', 'migrate', 'rebuild-projections', 'republish'];

await rm(OUT, { recursive: true, force: true });
const bundle = await rolldown({
  input: Object.fromEntries(ENTRIES.map((name) => [name, `dist/src/${name}.js`])),
  platform: 'node',
  external: APART,
  plugins: [ONE_COPY],
  onLog,
});
await bundle.write({ dir: OUT, format: 'esm' });
