// ESM: run with node --experimental-vm-modules, as the npm scripts do.
import { availableParallelism } from 'node:os';
import { testPackages } from './tools/test-packages.mjs';

export default {
  testEnvironment: '<rootDir>/test/environment.mjs',
  roots: ['<rootDir>/src', '<rootDir>/test', '<rootDir>/tools'],
  testMatch: ['**/*.spec.ts', '**/*.int-spec.ts', '**/*.e2e-spec.ts', '**/*.rel-spec.ts'],
  // What is measured there means something on a machine of its own only; src/limits/load.spec.ts has the rules.
  testPathIgnorePatterns: ['/node_modules/', '/overload\\.rel-spec'],
  setupFiles: ['<rootDir>/test/setup.ts'],
  globalSetup: '<rootDir>/test/global-setup.ts',
  globalTeardown: '<rootDir>/test/global-teardown.mjs',
  reporters: ['default', '<rootDir>/test/support/missing-servers.reporter.mjs'],
  testTimeout: 30_000,
  // Some suites wait more than they work: three share two cores better than two do. More than four would use up the hundred
  // connections that PostgreSQL has.
  maxWorkers: Math.min(4, availableParallelism() + 1),
  // Modules of the vm are not freed (nodejs/node#59118). A new worker starts new embedded databases, too.
  workerIdleMemoryLimit: '1GB',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { ...(await testPackages()), '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        module: { type: 'es6' },
        jsc: {
          target: 'es2024',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
        },
        sourceMaps: 'inline',
      },
    ],
  },
  // V8's own doubles the time of the tests: it counts in all packages, too.
  coverageProvider: 'babel',
  // The entry points run in processes of their own, where test/e2e starts them from dist.
  collectCoverageFrom: [
    'src/**/*.ts',
    '!src/{main,migrate,republish,rebuild-projections,print-openapi,print-asyncapi}.ts',
  ],
  coverageThreshold: { global: { lines: 90 } },
};
