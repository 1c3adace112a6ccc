import type { Finding } from './rules.ts';
import { keyOf } from './schema.ts';
import type { Schema } from './schema.ts';
import { isTree, namesIn, nodesIn, textIn, treeIn } from './tree.ts';
import type { Tree } from './tree.ts';

interface Target {
  readonly table: string;
  /** What its columns may be qualified with. */
  readonly name: string;
  /** What must be constrained, so that the write stays on one machine. */
  readonly key: string;
}

function targetOf(node: Tree): Target {
  const relation = treeIn(node, 'relation');
  const table = textIn(relation, 'relname');
  return { table, name: textIn(treeIn(relation, 'alias'), 'aliasname') || table, key: keyOf(table) };
}

function* checkKnown({ table }: Target, { tables }: Schema): Generator<Finding> {
  if (!tables.has(table)) yield { rule: 'unknown-table', detail: `no migration makes ${table}` };
}

export function* checkInsert(node: Tree, schema: Schema): Generator<Finding> {
  const target = targetOf(node);
  const { table, key } = target;
  yield* checkKnown(target, schema);
  const columns = nodesIn(node.cols, 'ResTarget').map((column) => textIn(column, 'name'));
  if (!columns.includes(key)) yield { rule: 'write-key', detail: `INSERT INTO ${table} does not name ${key}` };
  if (isTree(node.onConflictClause)) yield* checkConflict(target, node.onConflictClause);
}

function* checkConflict(target: Target, clause: Tree): Generator<Finding> {
  const { table, key } = target;
  const arbiter = treeIn(clause, 'infer');
  const [first] = nodesIn(arbiter.indexElems, 'IndexElem').map((element) => textIn(element, 'name'));
  if (first !== key)
    yield { rule: 'conflict-key', detail: `ON CONFLICT of ${table} does not name the key that ${key} leads` };
  yield* checkAssignments(target, clause);
}

export function* checkUpdate(node: Tree, schema: Schema): Generator<Finding> {
  const target = targetOf(node);
  yield* checkKnown(target, schema);
  yield* checkAssignments(target, node);
  if (!isConstrained(target, node.whereClause))
    yield { rule: 'write-key', detail: `UPDATE of ${target.table} is not constrained by ${target.key}` };
}

/** A row cannot move to another machine. */
function* checkAssignments({ table, key }: Target, node: Tree): Generator<Finding> {
  if (nodesIn(node.targetList, 'ResTarget').some((assignment) => textIn(assignment, 'name') === key))
    yield { rule: 'write-key', detail: `${key} of ${table} is changed` };
}

export function* checkDelete(node: Tree, schema: Schema): Generator<Finding> {
  const target = targetOf(node);
  yield* checkKnown(target, schema);
  if (!isConstrained(target, node.whereClause))
    yield { rule: 'write-key', detail: `DELETE FROM ${target.table} is not constrained by ${target.key}` };
}

/** Whether one of the conditions that all must hold says which values the key has. */
function isConstrained(target: Target, where: unknown): boolean {
  if (!isTree(where)) return false;
  const { BoolExpr, A_Expr, SubLink } = where;
  if (isTree(BoolExpr) && BoolExpr.boolop === 'AND_EXPR')
    return Array.isArray(BoolExpr.args) && BoolExpr.args.some((condition) => isConstrained(target, condition));
  if (isTree(SubLink)) return SubLink.subLinkType === 'ANY_SUBLINK' && hasKey(target, SubLink.testexpr);
  if (!isTree(A_Expr) || namesIn(A_Expr.name)[0] !== '=') return false;
  const { kind, lexpr, rexpr } = A_Expr;
  if (kind === 'AEXPR_OP_ANY' || kind === 'AEXPR_IN') return hasKey(target, lexpr);
  // user_name = user_name says nothing.
  return kind === 'AEXPR_OP' && hasKey(target, lexpr) !== hasKey(target, rexpr);
}

/** Whether it is the key of the table that is written, or a row in which that is. */
function hasKey(target: Target, expression: unknown): boolean {
  if (!isTree(expression)) return false;
  const { ColumnRef, RowExpr } = expression;
  if (isTree(RowExpr)) return Array.isArray(RowExpr.args) && RowExpr.args.some((part) => hasKey(target, part));
  if (!isTree(ColumnRef)) return false;
  const parts = namesIn(ColumnRef.fields);
  return parts.at(-1) === target.key && (parts.length === 1 || parts.at(-2) === target.name);
}
