// The long forms of the promises: npm run test:reliability. The same tests as in `npm test`, larger (test/support/sizes.ts).
// Each prints a line of figures.
import base from './jest.config.mjs';

process.env.RELIABILITY = 'long';

const testMatch = [
  'test/reliability/*.rel-spec.ts',
  'test/e2e/{no-lost-update,duplicates,who-may-do-what,hostile-input,hostile-input.property,analytics,rebuild,workers}.e2e-spec.ts',
  'test/integration/{deadlines,no-stale-read,replay-equals-projection,tokens,rate-limits}.int-spec.ts',
  'src/{basket/basket.property,http/user-name}.spec.ts',
].map((files) => `<rootDir>/${files}`);

export default {
  ...base,
  testMatch,
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 600_000,
  maxWorkers: 1,
};
