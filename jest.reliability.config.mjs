// The long forms of the promises: npm run test:reliability. Each prints a line of figures.
import base from './jest.config.mjs';

export default { ...base, testMatch: ['**/*.rel-spec.ts'], testTimeout: 600_000, maxWorkers: 1 };
