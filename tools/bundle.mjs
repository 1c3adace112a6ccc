// node tools/bundle.mjs: joins what nest build left in dist/src, and the packages that it uses, to a few files in dist/bundle.
// To find and compile 2,500 small files is most of what a start costs (docs/adr/0018-bundle.md).
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { rolldown } from 'rolldown';

const OUT = 'dist/bundle';
const ENTRIES = ['main', 'migrate', 'rebuild-projections', 'republish'];
/** It reads files that lie beside its code, and so stays in node_modules; test/e2e/bundle has all that do. */
const APART = [/^@electric-sql\/pglite/];

/**
 * Left alone, this file would load class-validator and class-transformer from node_modules, while everybody else has those of
 * the bundle, with decorators that those others know nothing of.
 */
const ONE_COPY = {
  name: 'one-copy',
  transform: {
    filter: { id: /@nestjs\/mapped-types\/dist\/type-helpers\.utils\.js$/ },
    handler(code, id) {
      const parts = code.split('const require = createRequire(import.meta.url);\n');
      assert.equal(parts.length, 2, `${id} must get its own require once`);
      return { code: parts.join(''), map: null };
    },
  },
};

/** Packages ask for others that need not be installed, and ask again when they run. Whatever else it says is an error. */
function onLog(_level, { code, id, message }) {
  if (code !== 'UNRESOLVED_IMPORT' || !id?.includes('/node_modules/')) throw new Error(message);
}

await rm(OUT, { recursive: true, force: true });
const bundle = await rolldown({
  input: Object.fromEntries(ENTRIES.map((name) => [name, `dist/src/${name}.js`])),
  platform: 'node',
  external: APART,
  plugins: [ONE_COPY],
  onLog,
});
await bundle.write({ dir: OUT, format: 'esm' });
