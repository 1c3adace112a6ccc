/** A part of a parse tree of PostgreSQL, as libpg-query gives it: nodes are members whose names are capitalised. */
export type Tree = Readonly<Record<string, unknown>>;

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const treeIn = (tree: Tree, member: string): Tree => {
  const value = tree[member];
  return isTree(value) ? value : {};
};

/** The bodies of the nodes of one kind in a list, or of all kinds. */
export function nodesIn(list: unknown, kind?: string): Tree[] {
  if (!Array.isArray(list)) return [];
  return (list as unknown[]).filter(isTree).flatMap((node) =>
    Object.entries(node)
      .filter(([name, body]) => isTree(body) && (kind === undefined || name === kind))
      .map(([, body]) => body as Tree),
  );
}

export const textIn = (tree: Tree, member: string): string => {
  const value = tree[member];
  return typeof value === 'string' ? value : '';
};

/** The parts of a name: of a column, a function, a type, or the columns of a key. */
export const namesIn = (list: unknown): string[] => nodesIn(list, 'String').map((name) => textIn(name, 'sval'));

/** Every node, from the outside to the inside, with its kind. */
export function* walk(value: unknown): Generator<readonly [kind: string, body: Tree]> {
  if (Array.isArray(value)) for (const one of value as unknown[]) yield* walk(one);
  else if (isTree(value))
    for (const [name, member] of Object.entries(value)) {
      if (/^[A-Z]/.test(name) && isTree(member)) yield [name, member];
      yield* walk(member);
    }
}
