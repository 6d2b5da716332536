import { ATTR_RUN_ID, ATTR_RUN_PARENT_ID } from '../attributes.ts';
import { readText } from './attribute-reader.ts';
import { mergeAgents } from './framework-agents.ts';
import { type RecordedSpan, spanKey, spanKeyOfId } from './span.ts';
import { spanRole } from './span-role.ts';

/** Spans by their place, to go from one to its parent. */
export class SpanIndex {
  readonly #byKey: ReadonlyMap<string, RecordedSpan>;
  readonly #below: SpanIndex | undefined;

  /** @param below - what stands where none of these does */
  constructor(spans: Iterable<RecordedSpan>, below?: SpanIndex) {
    this.#byKey = new Map(Array.from(spans, (span) => [spanKey(span), span]));
    this.#below = below;
  }

  get(key: string | undefined): RecordedSpan | undefined {
    return key === undefined ? undefined : (this.#byKey.get(key) ?? this.#below?.get(key));
  }

  parent({ traceId, parentSpanId }: RecordedSpan): RecordedSpan | undefined {
    return parentSpanId === undefined ? undefined : this.get(spanKey({ traceId, spanId: parentSpanId }));
  }
}

/** Who stands under whom in the story of one session. */
export interface StoryTree {
  /** For each span that is told: the one that it is told under, `undefined` at the top. */
  readonly parentOf: ReadonlyMap<RecordedSpan, RecordedSpan | undefined>;
  /** Agents of frameworks that are told as one with the run around them. */
  readonly mergedInto: ReadonlyMap<RecordedSpan, RecordedSpan>;
  readonly missingParents: number;
}

/** Told with other spans: what hangs under them moves up. */
const TOLD_ELSEWHERE: ReadonlySet<string> = new Set(['session', 'handoff-answer']);

/** The session span and the answers to handoffs are not told on their own, nor is the agent of a framework that is the run's. */
export function arrange(members: readonly RecordedSpan[], index: SpanIndex): StoryTree {
  const places = new Places(members, index);
  const missing = new Set<string>();
  const parentOf = new Map<RecordedSpan, RecordedSpan | undefined>();
  for (const span of members) {
    if (TOLD_ELSEWHERE.has(spanRole(span))) continue;
    const { traceId, parentSpanId } = span;
    if (parentSpanId !== undefined && index.parent(span) === undefined) missing.add(`${traceId}:${parentSpanId}`);
    parentOf.set(span, places.above(span));
  }
  cutCircles(parentOf);
  return { parentOf, mergedInto: mergeAgents(parentOf), missingParents: missing.size };
}

/** Where spans are told. What is found for one that is not told holds for all that hangs under it. */
class Places {
  readonly #mine: ReadonlySet<RecordedSpan>;
  readonly #index: SpanIndex;
  readonly #aboveUntold = new Map<RecordedSpan, RecordedSpan | undefined>();

  constructor(members: readonly RecordedSpan[], index: SpanIndex) {
    this.#mine = new Set(members);
    this.#index = index;
  }

  /** The nearest span above that is told. */
  above(span: RecordedSpan): RecordedSpan | undefined {
    const passed: RecordedSpan[] = [];
    let place = this.#parentOrRun(span);
    while (place !== undefined && TOLD_ELSEWHERE.has(spanRole(place))) {
      if (this.#aboveUntold.has(place)) {
        place = this.#aboveUntold.get(place);
        break;
      }
      // Known from here on, so that parents which go round in a circle end the search.
      this.#aboveUntold.set(place, undefined);
      passed.push(place);
      place = spanRole(place) === 'session' ? undefined : this.#parentOrRun(place);
    }
    for (const untold of passed) this.#aboveUntold.set(untold, place);
    return place === span ? undefined : place;
  }

  /** The parent; where that is missing or no part of the session, the run that the span says it belongs to. */
  #parentOrRun(span: RecordedSpan): RecordedSpan | undefined {
    const ids = [ATTR_RUN_PARENT_ID, ATTR_RUN_ID].map((key) => spanKeyOfId(readText(span.attributes, key)));
    const runs = ids.map((key) => this.#index.get(key));
    return [this.#index.parent(span), ...runs].find((parent) => parent !== undefined && this.#mine.has(parent));
  }
}

/** Parents that go round in a circle would be told by nobody: the first one met moves to the top. */
function cutCircles(parentOf: Map<RecordedSpan, RecordedSpan | undefined>): void {
  const settled = new Set<RecordedSpan>();
  for (const span of parentOf.keys()) {
    const path = new Set<RecordedSpan>();
    for (let place: RecordedSpan | undefined = span; place !== undefined && !settled.has(place); ) {
      path.add(place);
      const parent: RecordedSpan | undefined = parentOf.get(place);
      if (parent !== undefined && path.has(parent)) parentOf.set(place, undefined);
      place = parentOf.get(place);
    }
    for (const place of path) settled.add(place);
  }
}
