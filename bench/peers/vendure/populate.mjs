// Makes Vendure's tables, a shop with taxes, and the products that carts hold: one variant each.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LanguageCode, bootstrap } from '@vendure/core';
import { populate } from '@vendure/core/cli/index.js';
import { configOf } from './config.mjs';

const PRODUCTS = Number(process.env.PRODUCTS);

const shop = {
  defaultLanguage: LanguageCode.en,
  defaultZone: 'Europe',
  countries: [{ name: 'Germany', code: 'DE', zone: 'Europe' }],
  taxRates: [{ name: 'Standard Tax', percentage: 20 }],
  shippingMethods: [],
  paymentMethods: [],
  collections: [],
};
const COLUMNS =
  'name,slug,description,assets,facets,optionGroups,optionValues,sku,price,taxCategory,stockOnHand,trackInventory,variantAssets,variantFacets';
const lineOf = (at) =>
  `Field notebook ${at},field-notebook-${at},A notebook,,,,,sku-${at},${(1250 + at) / 100},standard,1000000,false,,`;
const file = join(import.meta.dirname, 'products.csv');
writeFileSync(file, `${[COLUMNS, ...Array.from({ length: PRODUCTS }, (_, at) => lineOf(at))].join('\n')}\n`);

const app = await populate(() => bootstrap(configOf(true)), shop, file);
await app.close();
process.exit(0);
