import { ATTR_RUN_ID, ATTR_RUN_PARENT_ID, ATTR_SESSION_ID } from '../attributes.ts';
import { readText } from './attribute-reader.ts';
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

/**
 * Spans by session, over all traces. A span without `session.id` belongs to the session that it descends from, and to
 * none if there is no such: the request that called the app is not part of the story.
 */
export function groupBySession(spans: readonly RecordedSpan[], index: SpanIndex): Map<string, RecordedSpan[]> {
  const sessionOf = new Map<RecordedSpan, string | undefined>();
  const sessions = new Map<string, RecordedSpan[]>();
  for (const span of spans) {
    const id = findSession(span, index, sessionOf);
    if (id === undefined) continue;
    const members = sessions.get(id);
    if (members) members.push(span);
    else sessions.set(id, [span]);
  }
  return sessions;
}

function findSession(
  span: RecordedSpan,
  index: SpanIndex,
  known: Map<RecordedSpan, string | undefined>,
): string | undefined {
  const path: RecordedSpan[] = [];
  let id: string | undefined;
  for (let place: RecordedSpan | undefined = span; place !== undefined; place = index.parent(place)) {
    id = known.get(place) ?? readText(place.attributes, ATTR_SESSION_ID);
    if (id !== undefined || known.has(place)) break;
    // Known from here on, so that parents which go round in a circle end the search.
    known.set(place, undefined);
    path.push(place);
  }
  for (const place of path) known.set(place, id);
  return id;
}

/** Who stands under whom in the story of one session. */
export interface StoryTree {
  /** For each span that is told: the one that it is told under, `undefined` at the top. */
  readonly parentOf: ReadonlyMap<RecordedSpan, RecordedSpan | undefined>;
  readonly missingParents: number;
}

/** The session span and the answers to handoffs are not told on their own: what hangs under them moves up. */
export function arrange(members: readonly RecordedSpan[], index: SpanIndex): StoryTree {
  const mine = new Set(members);
  const told = new Set(members.filter((span) => !['session', 'handoff-answer'].includes(spanRole(span))));
  const missing = new Set<string>();
  const parentOf = new Map<RecordedSpan, RecordedSpan | undefined>();

  for (const span of told) {
    const { traceId, parentSpanId } = span;
    if (parentSpanId !== undefined && index.parent(span) === undefined) missing.add(`${traceId}:${parentSpanId}`);
    const seen = new Set([span]);
    let parent = parentOrRun(span, mine, index);
    while (parent !== undefined && !told.has(parent) && !seen.has(parent)) {
      seen.add(parent);
      parent = spanRole(parent) === 'session' ? undefined : parentOrRun(parent, mine, index);
    }
    parentOf.set(span, parent !== undefined && parent !== span && told.has(parent) ? parent : undefined);
  }
  cutCircles(parentOf);
  return { parentOf, missingParents: missing.size };
}

/** The parent; where that is missing or no part of the session, the run that the span says it belongs to. */
function parentOrRun(span: RecordedSpan, mine: ReadonlySet<RecordedSpan>, index: SpanIndex): RecordedSpan | undefined {
  const runs = [ATTR_RUN_PARENT_ID, ATTR_RUN_ID].map((key) => index.get(spanKeyOfId(readText(span.attributes, key))));
  return [index.parent(span), ...runs].find((parent) => parent !== undefined && mine.has(parent));
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
