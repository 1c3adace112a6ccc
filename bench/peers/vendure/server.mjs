import { bootstrap } from '@vendure/core';
import { configOf } from './config.mjs';

await bootstrap(configOf(false));
