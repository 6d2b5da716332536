import type { SessionTimeline, TimelineAgent, TimelineEntry, TimelineEvent } from '../session-timeline.ts';

/** One thing in its place in the tree: an entry, or an event that was told of between entries. */
export interface TreeRow {
  readonly entry?: TimelineEntry | undefined;
  readonly event?: TimelineEvent | undefined;
  readonly offsetMs: number;
  /** Whose part of the tree it is in. */
  readonly around?: TimelineAgent | undefined;
  /** 0 at the top. */
  readonly depth: number;
  /** For each level above, from the top: does it go on below this row? Only the nearest of them. */
  readonly guides: readonly boolean[];
  readonly isLast: boolean;
  readonly hasChildren: boolean;
}

/** Deeper trees lose their outer guides: no terminal is that wide. */
const MAX_GUIDES = 24;

/**
 * A session's entries and events in the order they are told. Depth costs no stack.
 *
 * @param isShown - which events are
 */
export function* treeRows(
  { entries, events }: SessionTimeline,
  isShown: (event: TimelineEvent) => boolean,
): Generator<TreeRow, void, undefined> {
  const rowsOf = (
    children: readonly TimelineEntry[],
    told: readonly TimelineEvent[],
    ...place: readonly [depth: number, guides: readonly boolean[], around: TimelineAgent | undefined]
  ) => arrangeRows(children, told.filter(isShown), isShown, ...place);
  const rest = rowsOf(entries, events, 0, [], undefined).reverse();
  for (let row = rest.pop(); row !== undefined; row = rest.pop()) {
    yield row;
    const { entry, depth, guides, isLast, around } = row;
    if (!entry) continue;
    const below = depth === 0 ? [] : [...guides, !isLast].slice(-MAX_GUIDES);
    const children = rowsOf(entry.children, entry.events, depth + 1, below, entry.agent ?? around);
    // One by one: as many arguments as a run may have children are too many for one call.
    for (const child of children.reverse()) rest.push(child);
  }
}

function arrangeRows(
  entries: readonly TimelineEntry[],
  events: readonly TimelineEvent[],
  isShown: (event: TimelineEvent) => boolean,
  depth: number,
  guides: readonly boolean[],
  around: TimelineAgent | undefined,
): TreeRow[] {
  const items = merge(entries, events, isShown);
  return items.map((item, index) => ({ ...item, around, depth, guides, isLast: index === items.length - 1 }));
}

/** Both lists are in order, and the order of entries knows more than their offsets: it is kept as it is. */
function merge(
  entries: readonly TimelineEntry[],
  events: readonly TimelineEvent[],
  isShown: (event: TimelineEvent) => boolean,
) {
  const items: Pick<TreeRow, 'entry' | 'event' | 'offsetMs' | 'hasChildren'>[] = [];
  const waiting = events.map((event) => ({ event, offsetMs: event.offsetMs, hasChildren: false })).reverse();
  for (const entry of entries) {
    const { offsetMs, children, events: own } = entry;
    for (let next = waiting.at(-1); next !== undefined && next.offsetMs < offsetMs; next = waiting.at(-1)) {
      items.push(next);
      waiting.pop();
    }
    items.push({ entry, offsetMs, hasChildren: children.length > 0 || own.some(isShown) });
  }
  return [...items, ...waiting.reverse()];
}

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
