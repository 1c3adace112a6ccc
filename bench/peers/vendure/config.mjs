// The least that Vendure needs for carts: no plugins, no payments, no worker, and a log of what goes wrong alone.
import { randomBytes } from 'node:crypto';
import { DefaultLogger, LogLevel } from '@vendure/core';

const { PORT, DATABASE_URL } = process.env;

/** Nobody signs in. */
const SECRET = randomBytes(16).toString('hex');
/** More than a run adds to an order or a line. */
const MOST_PIECES = 1_000_000;

/** @param {boolean} synchronize whether the tables are made */
export const configOf = (synchronize) => ({
  apiOptions: {
    port: Number(PORT),
    hostname: '127.0.0.1',
    adminApiPath: 'admin-api',
    shopApiPath: 'shop-api',
    middleware: [{ route: '/health/ready', handler: (_, response) => response.send('ok') }],
  },
  authOptions: {
    tokenMethod: ['bearer'],
    superadminCredentials: { identifier: 'superadmin', password: SECRET },
    cookieOptions: { secret: SECRET },
  },
  dbConnectionOptions: { type: 'postgres', url: DATABASE_URL, synchronize, logging: false, extra: { max: 10 } },
  orderOptions: { orderItemsLimit: MOST_PIECES, orderLineItemsLimit: MOST_PIECES },
  paymentOptions: { paymentMethodHandlers: [] },
  logger: new DefaultLogger({ level: LogLevel.Error }),
  plugins: [],
});
