import { OTHER_KEYS } from './allowed.ts';
import { textIn, treeIn, walk } from './tree.ts';
import type { Tree } from './tree.ts';

/** What the migrations make. */
export interface Schema {
  readonly tables: ReadonlySet<string>;
  /** Materialised and other: nothing is written to them, and no key of theirs is a stream's. */
  readonly views: ReadonlySet<string>;
}

export const keyOf = (table: string): string => OTHER_KEYS[table]?.key ?? 'user_name';

export function schemaOf(statements: readonly Tree[]): Schema {
  const tables = new Set<string>();
  const views = new Set<string>();
  for (const [kind, node] of walk(statements)) {
    if (kind === 'CreateStmt') tables.add(textIn(treeIn(node, 'relation'), 'relname'));
    if (kind === 'CreateTableAsStmt') views.add(textIn(treeIn(treeIn(node, 'into'), 'rel'), 'relname'));
    if (kind === 'ViewStmt') views.add(textIn(treeIn(node, 'view'), 'relname'));
  }
  return { tables, views };
}
