// Mutation testing, npm run test:mutation: how much of what the tests run through they would notice a change of.
//
// What is changed are the rules about baskets and whatever decides how they are kept: who comes first, what is done
// again, what is old, what is a repeat. The tests are those beside the code, which need no server, so that a mutant costs a second.
//
// Left out, for what notices their mutants starts a database or a server for each, which would take hours:
// - SQL and Lua, and what only sends it (event-store/{append,event-store,statements}, persistence/{redis-*,idle-baskets},
//   outbox/leases, jobs/job-lease): the tests in test/integration, and `check:sql`;
// - rows, ports and wiring, in which nothing is decided;
// - HTTP, logs and telemetry.
export default {
  testRunner: 'jest',
  testRunnerNodeArgs: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
  jest: {
    configFile: 'jest.config.mjs',
    config: {
      testMatch: ['**/src/{basket,event-store}/**/*.spec.ts', '**/{erasure,batches,etag,buckets}.spec.ts'],
      // The property over all commands would notice much of this by chance, in most of the time; examples have to.
      testPathIgnorePatterns: ['/src/basket/live/', '/basket.property.spec.ts'],
      // They prepare a database and load Nest, which none of these needs; and nobody looks at why a mutant failed.
      globalSetup: null,
      setupFiles: [],
      noStackTrace: true,
    },
  },
  coverageAnalysis: 'perTest',
  mutate: [
    'src/basket/domain/*.ts',
    'src/basket/{basket-document,basket.history,follow-up,merge-completion}.ts',
    'src/basket/persistence/{announcing-basket,cached-basket,typeorm-basket}.repository.ts',
    'src/basket/persistence/{basket-figures,coalesced-reads,memory-basket-cache,repairs,turns}.ts',
    'src/database/batches.ts',
    'src/event-store/tombstones.ts',
    'src/http/etag.ts',
    'src/outbox/buckets.ts',
    'src/user-data/erasure.ts',
    '!src/**/*.spec.ts',
  ],
  thresholds: { high: 95, low: 90, break: 85 },
  reporters: ['clear-text', 'progress', 'html'],
  clearTextReporter: { allowColor: false, reportTests: false },
  htmlReporter: { fileName: 'reports/mutation.html' },
  tempDirName: '.stryker-tmp',
  // Of what lies about in a working copy, the sandbox needs none.
  ignorePatterns: ['bench', 'deploy', 'dist', 'docs', 'reports'],
};
