import type { ProblemCode } from '../../src/http/problems.js';
import type { ReportLine, Strategy } from './merge-model.js';
import type { ModelBasket, ModelCommand } from './shopper-model.js';
import type { Item } from './shopping.js';

/** A request, in the terms of the contract. Products are numbers, so that the same ones meet again and again. */
export type Request = {
  readonly user: string;
  readonly ifMatch?: string;
  readonly ifNoneMatch?: string;
  readonly key?: string;
} & (
  | { readonly kind: 'get' | 'summary' }
  | { readonly kind: 'delete' }
  | { readonly kind: 'past'; readonly version: number }
  | { readonly kind: 'history'; readonly after: number; readonly limit: number }
  | { readonly kind: 'put'; readonly currency: string; readonly items: readonly Item[] }
  | { readonly kind: 'batch'; readonly commands: readonly ModelCommand[] }
  | { readonly kind: 'merge'; readonly from: string; readonly strategy: Strategy }
  | { readonly kind: 'checkout'; readonly version: number }
  | ModelCommand
);

export type Expected = { readonly isReplay?: boolean } & (
  | {
      readonly status: 200 | 201;
      readonly version: number;
      readonly basket: ModelBasket;
      readonly report?: readonly ReportLine[];
    }
  | { readonly status: 200; readonly versions: readonly number[]; readonly nextAfter: number | null }
  | { readonly status: 202; readonly version: number }
  | { readonly status: 204 }
  | { readonly status: 304; readonly version: number }
  | Refused
);

export interface Refused {
  readonly code: ProblemCode;
  readonly currentVersion?: number;
  readonly index?: number;
}
