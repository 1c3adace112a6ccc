/**
 * What the runs have in common.
 *
 * @param {{ specs: string[], mutate: string[] }} what the tests, and the code that is changed to see whether they notice
 */
export const settings = ({ specs, mutate }) => ({
  testRunner: 'jest',
  testRunnerNodeArgs: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
  jest: {
    configFile: 'jest.config.mjs',
    config: {
      testMatch: specs,
      // The property over all commands would notice much of this by chance, in most of the time; examples have to.
      testPathIgnorePatterns: ['/src/basket/live/', '/basket.property.spec.ts'],
      // They prepare a database and load Nest, which none of these needs; and nobody looks at why a mutant failed.
      globalSetup: null,
      globalTeardown: null,
      testEnvironment: 'node',
      setupFiles: [],
      noStackTrace: true,
    },
  },
  coverageAnalysis: 'perTest',
  // Modules of the vm are not freed (nodejs/node#59118): a process slows down with each mutant that it has run.
  maxTestRunnerReuse: 50,
  mutate: [...mutate, '!src/**/*.spec.ts'],
  thresholds: { high: 95, low: 90, break: 85 },
  reporters: ['clear-text', 'progress-append-only', 'html', 'json'],
  clearTextReporter: { allowColor: false, reportTests: false },
  tempDirName: '.stryker-tmp',
  // Of what lies about in a working copy, the sandbox needs none.
  ignorePatterns: ['bench', 'deploy', 'dist', 'docs', 'reports'],
});
