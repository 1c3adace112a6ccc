// How packages are joined to few files, for the service (bundle.mjs) and for its tests (test-packages.mjs).
import assert from 'node:assert/strict';

/** It reads files that lie beside its code, and so stays in node_modules; test/e2e/bundle has all that do. */
export const APART = [/^@electric-sql\/pglite/];

/**
 * Left alone, this file would load class-validator and class-transformer from node_modules, while everybody else has those of
 * the bundle, with decorators that those others know nothing of.
 */
export const ONE_COPY = {
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
export function onLog(_level, { code, id, message }) {
  if (code !== 'UNRESOLVED_IMPORT' || !id?.includes('/node_modules/')) throw new Error(message);
}
