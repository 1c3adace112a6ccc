// The rules of import (docs/architecture.md), npm packages and Node's own modules included.
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from, pathNot: '\\.spec\\.ts$' },
  to: { pathNot: allowed },
});

export default {
  forbidden: [
    only('domain-is-pure', '^src/basket/domain/', ['^src/basket/domain/'], 'The domain imports nothing but itself.'),
    only(
      'use-cases',
      '^src/basket/(commands|queries)/',
      [
        '^src/basket/domain/',
        '^src/basket/(basket\\.(repository|history)|basket-document|merge-completion)\\.ts$',
        'node_modules/@nestjs/cqrs/',
      ],
      'A command or query knows the domain, the ports to present and past, and the bus.',
    ),
    only(
      'persistence',
      '^src/basket/persistence/',
      [
        '^src/basket/(domain|persistence)/',
        '^src/places\\.ts$',
        '^src/basket/(basket\\.(repository|history)|basket-document)\\.ts$',
        '^src/(event-store|outbox|database)/',
        '^src/request-context\\.ts$',
        '^src/telemetry/(counts|spans)\\.ts$',
        'node_modules/(@nestjs/common|cockatiel|ioredis|lru-cache|typeorm)/',
        '^node:|^(async_hooks|crypto|timers/promises)$',
      ],
      'Persistence knows the domain, the port, the event store and its drivers.',
    ),
    only(
      'rebuild',
      '^src/basket/rebuild/',
      [
        '^src/basket/(domain|rebuild)/',
        '^src/basket/basket-document\\.ts$',
        '^src/basket/persistence/(redis(-scripts)?|basket-figures)\\.ts$',
        '^src/event-store/',
        'node_modules/typeorm/',
        '^(crypto|fs|timers/promises)$',
      ],
      'A rebuild knows the fold, the tables and the places of the cache.',
    ),
    only(
      'user-data',
      '^src/user-data/(erase-user-data|export-user-data|erasure)\\.ts$',
      ['^src/basket/domain/', '^src/user-data/user-data\\.ts$', 'node_modules/@nestjs/cqrs/'],
      'A command or query knows the domain, what is stored, and the bus.',
    ),
    only(
      'live-baskets',
      '^src/basket/live/live-baskets\\.ts$',
      ['node_modules/@nestjs/common/'],
      'Who listens to which basket knows neither HTTP nor a store.',
    ),
    {
      name: 'event-store-knows-no-baskets',
      severity: 'error',
      from: { path: '^src/(event-store|outbox)/' },
      to: { path: '^src/basket/' },
    },
    {
      name: 'controller-knows-no-store',
      severity: 'error',
      from: { path: '^src/basket/basket(-stream|-live)?\\.controller\\.ts$' },
      to: { path: '^src/(basket/persistence|event-store|database)/|node_modules/(typeorm|pg|ioredis)/' },
    },
    {
      name: 'only-the-module-names-repositories',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/basket/(basket\\.module\\.ts|persistence/)' },
      to: { path: '^src/basket/persistence/[^/]*(repository|-basket-cache)\\.ts$' },
    },
    { name: 'no-cycles', severity: 'error', from: { path: '^src/' }, to: { circular: true } },
    { name: 'no-barrels', severity: 'error', from: {}, to: { path: '^src/.*/index\\.ts$' } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: {
        orphan: true,
        path: '^src/',
        pathNot: '^src/(main|migrate|republish|rebuild-projections|print-openapi|print-asyncapi)\\.ts$',
      },
      to: {},
    },
    {
      name: 'declared',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-dev', 'unknown', 'undetermined'], pathNot: 'node_modules/@types/' },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    exclude: { path: '\\.spec\\.ts$' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
