import { readConfig } from '../config.js';
import { Limits } from './domain/decisions.js';

const { MAX_LINES, MAX_QUANTITY } = readConfig(process.env);

/** Read when this module loads: the request classes, and with them the OpenAPI document, are built from it then. */
export const limits = new Limits(MAX_LINES, MAX_QUANTITY);

export const MAX_UNIT_PRICE = 100_000_000_000;
export const MAX_PRODUCT_NAME = 256;

/** Commands a batch. */
export const MAX_COMMANDS = 250;
