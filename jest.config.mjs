// ESM: run with node --experimental-vm-modules, as the npm scripts do.
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/src', '<rootDir>/test', '<rootDir>/tools'],
  testMatch: ['**/*.spec.ts', '**/*.int-spec.ts', '**/*.e2e-spec.ts', '**/*.rel-spec.ts'],
  // Loads Nest before the CommonJS packages that require() it; jest reports a cycle otherwise.
  setupFiles: ['<rootDir>/test/setup.ts'],
  globalSetup: '<rootDir>/test/global-setup.ts',
  reporters: ['default', '<rootDir>/test/support/missing-servers.reporter.mjs'],
  testTimeout: 30_000,
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
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
  coverageProvider: 'v8',
  // The entry points run in processes of their own, where test/e2e starts them from dist.
  collectCoverageFrom: [
    'src/**/*.ts',
    '!src/{main,migrate,republish,rebuild-projections,print-openapi,print-asyncapi}.ts',
  ],
  coverageThreshold: { global: { lines: 90 } },
};
