// What a parser can tell of rules 1, 2, 3 and 5 for the engines that the SQL has to run on (docs/adr/0014-one-sql-for-several-engines.md).
import { FUNCTIONS } from './allowed.ts';
import { checkTables } from './definitions.ts';
import type { Schema } from './schema.ts';
import { namesIn, textIn, walk } from './tree.ts';
import type { Tree } from './tree.ts';
import { checkDelete, checkInsert, checkUpdate } from './writes.ts';

export type Rule =
  | 'parse'
  | 'one-statement'
  | 'statement-kind'
  | 'key-lead'
  | 'keys-inline'
  | 'write-key'
  | 'conflict-key'
  | 'generated-id'
  | 'deferrable-or-exclusion'
  | 'transaction-id'
  | 'skip-locked'
  | 'function'
  | 'unknown-table';

export interface Finding {
  readonly rule: Rule;
  readonly detail: string;
}

/** A migration, up or down; or a statement that the service sends. */
export type Purpose = 'migration' | 'statement';

/** Kinds that are understood below. Triggers, rules, LISTEN, NOTIFY, TRUNCATE, MERGE, … are none of them. */
const KINDS: Readonly<Record<Purpose, ReadonlySet<string>>> = {
  migration: new Set([
    ...['CreateStmt', 'IndexStmt', 'AlterTableStmt', 'DropStmt', 'RenameStmt', 'CommentStmt', 'ViewStmt'],
    'CreateTableAsStmt',
  ]),
  statement: new Set(['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt']),
};

/** Change with whichever transaction touches the row, and differ from machine to machine. */
const TRANSACTION_COLUMNS: ReadonlySet<string> = new Set(['xmin', 'xmax', 'cmin', 'cmax', 'ctid', 'tableoid']);

/** @param statements the parse trees of what is sent in one go */
export function check(statements: readonly Tree[], purpose: Purpose, schema: Schema): Finding[] {
  const findings: Finding[] = [];
  if (statements.length !== 1)
    findings.push({ rule: 'one-statement', detail: `there are ${statements.length} statements in one` });
  for (const statement of statements) {
    const [kind = ''] = Object.keys(statement);
    if (!KINDS[purpose].has(kind)) findings.push({ rule: 'statement-kind', detail: `${kind} is not allowed here` });
    for (const [name, node] of walk(statement)) findings.push(...checkNode(name, node, schema));
  }
  return findings;
}

function* checkNode(kind: string, node: Tree, schema: Schema): Generator<Finding> {
  yield* checkTables(kind, node, schema);
  switch (kind) {
    case 'InsertStmt':
      yield* checkInsert(node, schema);
      break;
    case 'UpdateStmt':
      yield* checkUpdate(node, schema);
      break;
    case 'DeleteStmt':
      yield* checkDelete(node, schema);
      break;
    case 'MergeStmt':
      yield { rule: 'statement-kind', detail: 'MERGE is not known to stay on one machine' };
      break;
    case 'LockingClause':
      if (textIn(node, 'waitPolicy') === 'LockWaitSkip')
        yield { rule: 'skip-locked', detail: 'SKIP LOCKED skips what each machine has locked for itself' };
      break;
    case 'FuncCall':
      yield* checkFunction(namesIn(node.funcname).at(-1) ?? '');
      break;
    case 'SQLValueFunction':
      yield {
        rule: 'function',
        detail: `${textIn(node, 'op').replace('SVFOP_', '')}: times come from the application`,
      };
      break;
    case 'ColumnRef':
      for (const name of namesIn(node.fields))
        if (TRANSACTION_COLUMNS.has(name)) yield { rule: 'transaction-id', detail: `${name} orders nothing` };
      break;
  }
}

function* checkFunction(name: string): Generator<Finding> {
  if (!FUNCTIONS.has(name))
    yield {
      rule: 'function',
      detail: `${name}() is not known to be stable: ids and times come from the application, locks and news not from the session`,
    };
}
