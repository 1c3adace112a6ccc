import type { Finding } from './rules.ts';
import { keyOf } from './schema.ts';
import type { Schema } from './schema.ts';
import { isTree, namesIn, nodesIn, textIn, treeIn } from './tree.ts';
import type { Tree } from './tree.ts';

const SERIAL = /^(small|big)?serial[248]?$/;
const KEY_KINDS = new Set(['CONSTR_PRIMARY', 'CONSTR_UNIQUE', 'CONSTR_FOREIGN']);
/** Subcommands of ALTER TABLE that make code run by itself. */
const TRIGGERS = /^AT_(Enable|Disable).*(Trig|Rule)/;

/** What a table, an index or a change of one says of keys, ids and code on the server. */
export function* checkTables(kind: string, node: Tree, schema: Schema): Generator<Finding> {
  switch (kind) {
    case 'CreateStmt':
      yield* checkCreate(node);
      break;
    case 'IndexStmt':
      yield* checkIndex(node, schema);
      break;
    case 'AlterTableStmt':
      yield* checkAlter(node);
      break;
    case 'CreateTableAsStmt':
      if (textIn(node, 'objtype') !== 'OBJECT_MATVIEW')
        yield { rule: 'statement-kind', detail: 'a table is made with its keys, not from a query' };
      break;
    case 'ColumnDef':
      yield* checkColumn(node);
      break;
    case 'Constraint':
      yield* checkConstraint(node);
      break;
  }
}

const tableOf = (node: Tree): string => textIn(treeIn(node, 'relation'), 'relname');

function* checkCreate(node: Tree): Generator<Finding> {
  const table = tableOf(node);
  const key = keyOf(table);
  const keys = [...keysIn(node.tableElts)];
  if (!keys.some(({ kind }) => kind === 'CONSTR_PRIMARY'))
    yield { rule: 'key-lead', detail: `${table} has no primary key` };
  for (const { kind, columns } of keys)
    if (columns[0] !== key)
      yield { rule: 'key-lead', detail: `${key} does not lead ${kind} (${columns.join(', ')}) of ${table}` };
}

interface Key {
  readonly kind: string;
  readonly columns: readonly string[];
}

/** The keys that stand in a list of columns and constraints. */
function* keysIn(elements: unknown): Generator<Key> {
  for (const constraint of nodesIn(elements, 'Constraint')) {
    const kind = textIn(constraint, 'contype');
    const columns = namesIn(kind === 'CONSTR_FOREIGN' ? constraint.fk_attrs : constraint.keys);
    if (KEY_KINDS.has(kind)) yield { kind, columns };
  }
  for (const column of nodesIn(elements, 'ColumnDef'))
    for (const { kind } of keysIn(column.constraints)) yield { kind, columns: [textIn(column, 'colname')] };
}

function* checkIndex(node: Tree, { views }: Schema): Generator<Finding> {
  const table = tableOf(node);
  if (node.unique !== true || views.has(table)) return;
  const first = textIn(nodesIn(node.indexParams, 'IndexElem')[0] ?? {}, 'name');
  if (first !== keyOf(table))
    yield {
      rule: 'key-lead',
      detail: `${keyOf(table)} does not lead unique index ${textIn(node, 'idxname')} of ${table}`,
    };
}

function* checkAlter(node: Tree): Generator<Finding> {
  const table = tableOf(node);
  for (const command of nodesIn(node.cmds, 'AlterTableCmd')) {
    const subtype = textIn(command, 'subtype');
    const added = isTree(command.def) ? [...keysIn([command.def])] : [];
    for (const { kind } of added)
      yield { rule: 'keys-inline', detail: `${kind} of ${table} belongs into its CREATE TABLE` };
    if (subtype === 'AT_AddIdentity') yield { rule: 'generated-id', detail: `an identity column in ${table}` };
    if (TRIGGERS.test(subtype)) yield { rule: 'statement-kind', detail: `${subtype} on ${table}` };
  }
}

function* checkColumn(node: Tree): Generator<Finding> {
  const name = textIn(node, 'colname');
  const type = namesIn(treeIn(node, 'typeName').names).at(-1) ?? '';
  if (SERIAL.test(type)) yield { rule: 'generated-id', detail: `${name} is ${type}` };
}

function* checkConstraint(node: Tree): Generator<Finding> {
  const kind = textIn(node, 'contype');
  if (kind === 'CONSTR_IDENTITY') yield { rule: 'generated-id', detail: 'an identity column' };
  if (kind === 'CONSTR_EXCLUSION') yield { rule: 'deferrable-or-exclusion', detail: 'an exclusion constraint' };
  if (node.deferrable === true || kind === 'CONSTR_ATTR_DEFERRABLE' || kind === 'CONSTR_ATTR_DEFERRED')
    yield { rule: 'deferrable-or-exclusion', detail: 'a deferrable constraint' };
}
