// node --import ./test/support/loaded-packages.mjs dist/bundle/main.js: tells, when it ends, which packages it loaded from node_modules.
import { registerHooks } from 'node:module';

const packages = new Set();
registerHooks({
  load(url, context, nextLoad) {
    const name = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*\/node_modules\/)/.exec(url)?.[1];
    if (name !== undefined) packages.add(name);
    return nextLoad(url, context);
  },
});
process.on('exit', () => process.stderr.write(`${JSON.stringify([...packages].sort())}\n`));
