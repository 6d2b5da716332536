import { ATTR_STEP_INDEX } from '../attributes.ts';
import type { AgentNames } from './agent-names.ts';
import { readNumber } from './attribute-reader.ts';
import { describeLostHandoff, describeSpan } from './entries.ts';
import { describeFrameworkHandoff, frameworkHandoff } from './framework-handoffs.ts';
import type { ToldHandoff } from './handoff-path.ts';
import { collectHandoffs } from './handoff-pieces.ts';
import { describeHandoff, startOfHandoff } from './handoffs.ts';
import type { SessionClock } from './session-clock.ts';
import type { HandoffPickup, ReplayedHandoff, TimelineEntry } from './session-timeline.ts';
import { compareBigint, type RecordedSpan, spanKey } from './span.ts';
import type { SpanIndex, StoryTree } from './span-tree.ts';

export interface Story {
  readonly entries: readonly TimelineEntry[];
  /** In the order of asking. */
  readonly told: readonly ToldHandoff[];
  /** How many of the handoffs are Baton's own. */
  readonly ownHandoffs: number;
}

/** One thing to tell: when, under whom, and how. */
interface Item {
  readonly startUnixNano: bigint;
  /** -1 where the app gave none: what bears no index is not pushed behind what does. */
  readonly stepIndex: number;
  readonly key: string;
  readonly parent: RecordedSpan | undefined;
  readonly describe: () => TimelineEntry;
}

/** Spans and handoffs as a tree of entries, each list in the order in which things began. */
export function tellStory(
  members: readonly RecordedSpan[],
  index: SpanIndex,
  { parentOf, mergedInto }: Pick<StoryTree, 'parentOf' | 'mergedInto'>,
  names: AgentNames,
  clock: SessionClock,
): Story {
  const childrenOf = new Map<RecordedSpan | undefined, TimelineEntry[]>([[undefined, []]]);
  for (const span of parentOf.keys()) childrenOf.set(span, []);
  const handoffOf = new Map<RecordedSpan, ReplayedHandoff>();
  const pickedUpBy = new Map<RecordedSpan, HandoffPickup[]>();
  const items: Item[] = [];
  const told: ToldHandoff[] = [];

  const tell = (one: ToldHandoff): void => {
    const { handoff, pieces } = one;
    const { request, run, runs } = pieces;
    told.push(one);
    for (const receiver of runs) append(pickedUpBy, receiver, { handoffId: handoff.id, source: handoff.source });
    if (request) {
      handoffOf.set(request, handoff);
      return;
    }
    items.push({
      startUnixNano: startOfHandoff(pieces),
      // Before the run that picked it up, which may be all that says when.
      stepIndex: -2,
      key: spanKey(handoff),
      parent: run && parentOf.get(run),
      describe: () => describeLostHandoff(handoff, handoff.source),
    });
  };

  const foreign = new Map(members.flatMap((span) => pair(span, frameworkHandoff(span, index))));
  const own = collectHandoffs(members, new Set(foreign.keys()));
  for (const pieces of own) tell({ pieces, handoff: describeHandoff(pieces, names, clock) });
  for (const [span, link] of foreign) {
    const run = mergedInto.get(span);
    // The app told of it as well, and said more.
    if (run && pickedUpBy.has(run)) continue;
    const receiver = run ?? span;
    const handoff = describeFrameworkHandoff(link, run, names, clock);
    tell({ handoff, pieces: { id: handoff.id, answers: [], run: receiver, runs: [receiver] } });
  }
  told.sort((one, other) => compareBigint(startOfHandoff(one.pieces), startOfHandoff(other.pieces)));

  const mergedOf = new Map<RecordedSpan, RecordedSpan[]>();
  for (const [span, run] of mergedInto) append(mergedOf, run, span);
  const context = { names, clock, handoffOf, pickedUpBy, mergedOf };
  for (const [span, parent] of parentOf) {
    items.push({
      startUnixNano: span.startUnixNano,
      stepIndex: readNumber(span.attributes, ATTR_STEP_INDEX) ?? -1,
      key: spanKey(span),
      parent,
      describe: () => describeSpan(span, childrenOf.get(span) ?? [], context),
    });
  }
  for (const { parent, describe } of items.sort(inStoryOrder)) childrenOf.get(parent)?.push(describe());

  return {
    entries: childrenOf.get(undefined) ?? [],
    told,
    ownHandoffs: own.length,
  };
}

function append<Key, Value>(lists: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

function pair<Key, Value>(key: Key, value: Value | undefined): [Key, Value][] {
  return value === undefined ? [] : [[key, value]];
}

/** By microsecond, for many backends keep no more; then by the app's own order; the rest only makes it the same each time. */
function inStoryOrder(one: Item, other: Item): number {
  return (
    compareBigint(one.startUnixNano / 1000n, other.startUnixNano / 1000n) ||
    one.stepIndex - other.stepIndex ||
    compareBigint(one.startUnixNano, other.startUnixNano) ||
    (one.key < other.key ? -1 : 1)
  );
}
