// Whatever decides how baskets are kept: who comes first, what is done again, what is old, what is a repeat.
//
// Left out, for what notices their mutants starts a database or a server for each, which would take hours:
// - SQL and Lua, and what only sends it (event-store/{append,event-store,statements}, persistence/{redis-*,idle-baskets},
//   basket/rebuild, outbox/leases, jobs/job-lease): the tests in test/integration, and `check:sql`;
// - rows, ports and wiring, in which nothing is decided;
// - HTTP, logs and telemetry.
import { settings } from './settings.mjs';

export default {
  ...settings({
    specs: [
      '**/src/basket/*.spec.ts',
      '**/src/{basket/persistence,event-store}/*.spec.ts',
      '**/{erasure,batches,etag,buckets}.spec.ts',
    ],
    mutate: [
      'src/basket/{basket-document,basket.history,follow-up,merge-completion}.ts',
      'src/basket/persistence/{announcing-basket,cached-basket,typeorm-basket}.repository.ts',
      'src/basket/persistence/{basket-figures,coalesced-reads,memory-basket-cache,repairs,step,turns}.ts',
      'src/database/batches.ts',
      'src/event-store/tombstones.ts',
      'src/http/etag.ts',
      'src/outbox/buckets.ts',
      'src/user-data/erasure.ts',
    ],
  }),
  htmlReporter: { fileName: 'reports/mutation/persistence.html' },
  jsonReporter: { fileName: 'reports/mutation/persistence.json' },
};
