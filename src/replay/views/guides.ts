import type { TreeRow } from './tree-rows.ts';

/** The lines of the tree to the left of a row. */
export interface Guides {
  /** Before the row itself: `│  ├─ `. */
  readonly first: string;
  /** Before what follows it, two columns further in: `│  │    `. */
  readonly rest: string;
}

/** Of a tree deeper than `levels`, the innermost are drawn, and a mark stands for the others. */
export function guides(
  { depth, guides: above, isLast, hasChildren }: TreeRow,
  levels: number,
  isNarrow: boolean,
): Guides {
  const own = hasChildren ? '│ ' : '  ';
  if (depth === 0) return { first: '', rest: own };
  const line = isNarrow ? '│ ' : '│  ';
  const blank = isNarrow ? '  ' : '   ';
  const shown = levels > 1 ? above.slice(1 - levels) : [];
  const trunk = (depth - 1 > shown.length ? '…' : '') + shown.map((goesOn) => (goesOn ? line : blank)).join('');
  const branch = isLast ? '└' : '├';
  return { first: `${trunk}${branch}${isNarrow ? ' ' : '─ '}`, rest: `${trunk}${isLast ? blank : line}${own}` };
}
