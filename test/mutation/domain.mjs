// The rules about baskets. Only their own examples are asked: what the rest of the service would notice is not what they are for.
import { settings } from './settings.mjs';

export default {
  ...settings({ specs: ['**/src/basket/domain/*.spec.ts'], mutate: ['src/basket/domain/*.ts'] }),
  htmlReporter: { fileName: 'reports/mutation/domain.html' },
  jsonReporter: { fileName: 'reports/mutation/domain.json' },
};
