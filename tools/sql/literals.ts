import ts from 'typescript';

/** Where a statement can begin (appendix C of the PostgreSQL manual), in capitals, as the house writes SQL. */
const BEGINNINGS = new Set(
  `ABORT ALTER ANALYZE BEGIN CALL CHECKPOINT CLOSE CLUSTER COMMENT COMMIT COPY CREATE DEALLOCATE DECLARE DELETE DISCARD DO
   DROP END EXECUTE EXPLAIN FETCH GRANT IMPORT INSERT LISTEN LOAD LOCK MERGE MOVE NOTIFY PREPARE REASSIGN REFRESH REINDEX
   RELEASE RESET REVOKE ROLLBACK SAVEPOINT SECURITY SELECT SET SHOW START TABLE TRUNCATE UNLISTEN UPDATE VACUUM VALUES
   WITH`.split(/\s+/),
);

export interface Literal {
  /** Where it stands in the file. */
  readonly start: number;
  readonly end: number;
  /** As it is sent; of a template whose parts are known only when it is evaluated, a sketch with `x` in their places. */
  readonly text: string;
  readonly isTemplate: boolean;
  /** How it begins, for people. */
  readonly head: string;
  /** In capitals: it is SQL even if it cannot be parsed. */
  readonly certain: boolean;
}

/** The strings of a JavaScript file that begin as SQL does. */
export function sqlLiterals(source: string): Literal[] {
  const file = ts.createSourceFile('file.js', source, ts.ScriptTarget.Latest, true);
  const literals: Literal[] = [];
  const visit = (node: ts.Node): void => {
    const found = literalOf(node, file);
    if (found) literals.push(found);
    // What stands inside a statement is a part of it.
    else ts.forEachChild(node, visit);
  };
  visit(file);
  return literals;
}

function literalOf(node: ts.Node, file: ts.SourceFile): Literal | undefined {
  const isTemplate = ts.isTemplateExpression(node);
  if (!isTemplate && !ts.isStringLiteralLike(node)) return undefined;
  const head = isTemplate ? node.head.text : node.text;
  const beginning = /^(?:\s|\(|--.*\n|\/\*[^]*?\*\/)*([a-z]+)(?![\w:.-])(.*)/is.exec(head);
  const word = beginning?.[1] ?? '';
  if (!BEGINNINGS.has(word.toUpperCase())) return undefined;
  const isAlone = !isTemplate && head.trimStart() === word;
  const certain = word === word.toUpperCase() && !isAlone;
  // 'end' and 'close' are words of many trades.
  if (isAlone && word !== word.toUpperCase()) return undefined;
  const start = node.getStart(file);
  const text = isTemplate ? head + node.templateSpans.map(({ literal }) => `x${literal.text}`).join('') : head;
  return { start, end: node.end, text, isTemplate, head: flat(head), certain };
}

/** With white space reduced to single blanks. */
export const flat = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

/** The source with each of these templates reporting its value to `report(at, value)` when it is evaluated. */
export function instrument(source: string, literals: readonly Literal[], report: string): string {
  let text = source;
  for (const [at, { start, end }] of [...literals.entries()].reverse())
    text = `${text.slice(0, start)}${report}(${at}, ${text.slice(start, end)})${text.slice(end)}`;
  return text;
}
