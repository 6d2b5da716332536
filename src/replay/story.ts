import { ATTR_STEP_INDEX } from '../attributes.ts';
import type { AgentNames } from './agent-names.ts';
import { readNumber } from './attribute-reader.ts';
import { describeLostHandoff, describeSpan } from './entries.ts';
import { collectHandoffs } from './handoff-pieces.ts';
import { describeHandoff, startOfHandoff } from './handoffs.ts';
import type { SessionClock } from './session-clock.ts';
import type { Handoff, HandoffPickup, TimelineEntry } from './session-timeline.ts';
import { compareBigint, type RecordedSpan, spanKey } from './span.ts';

export interface Story {
  readonly entries: readonly TimelineEntry[];
  readonly handoffs: readonly Handoff[];
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
  parentOf: ReadonlyMap<RecordedSpan, RecordedSpan | undefined>,
  names: AgentNames,
  clock: SessionClock,
): Story {
  const childrenOf = new Map<RecordedSpan | undefined, TimelineEntry[]>([[undefined, []]]);
  for (const span of parentOf.keys()) childrenOf.set(span, []);
  const handoffOf = new Map<RecordedSpan, Handoff>();
  const pickedUpBy = new Map<RecordedSpan, HandoffPickup[]>();
  const items: Item[] = [];

  const told = collectHandoffs(members)
    .sort((one, other) => compareBigint(startOfHandoff(one), startOfHandoff(other)))
    .map((pieces) => ({ pieces, handoff: describeHandoff(pieces, names, clock) }));
  for (const { pieces, handoff } of told) {
    const { request, run } = pieces;
    if (run) {
      const pickups = pickedUpBy.get(run) ?? [];
      pickups.push({ handoffId: handoff.id, source: handoff.source });
      pickedUpBy.set(run, pickups);
    }
    if (request) {
      handoffOf.set(request, handoff);
    } else {
      items.push({
        startUnixNano: startOfHandoff(pieces),
        // Before the run that picked it up, which may be all that says when.
        stepIndex: -2,
        key: spanKey(handoff),
        parent: run && parentOf.get(run),
        describe: () => describeLostHandoff(handoff, handoff.source),
      });
    }
  }

  const context = { names, clock, handoffOf, pickedUpBy };
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
    handoffs: told.map(({ handoff }) => handoff),
  };
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
