import { basketIn } from './api.js';
import type { Api, Headers } from './api.js';
import { addition } from './shopping.js';

/** Adds a line, and tells which version that made. */
export const addLine = async (api: Api, path: string, headers?: Headers) =>
  basketIn(await api.post(`${path}/items`, addition(), headers), 201).version;
