import { ATTR_RUN_ID, ATTR_SESSION_ID } from '../attributes.ts';
import { NAME } from '../version.ts';
import { readText } from './attribute-reader.ts';
import { type RecordedSpan, spanKeyOfId } from './span.ts';
import { isOwnRun, spanRole } from './span-role.ts';
import type { SpanIndex } from './span-tree.ts';

/**
 * Spans by session, over all traces. What hangs below a session or a run of ours belongs there, whatever `session.id` an
 * instrumentation gave it: OpenInference and Langfuse have sessions of their own. A span without any belongs to the session that
 * it descends from, and to none if there is no such: the request that called the app is not part of the story.
 */
export function groupBySession(spans: readonly RecordedSpan[], index: SpanIndex): Map<string, RecordedSpan[]> {
  const descent = new Descent(spans, index);
  const sessions = new Map<string, RecordedSpan[]>();
  for (const span of spans) {
    const id = descent.sessionOf(span);
    if (id === undefined) continue;
    const members = sessions.get(id);
    if (members) members.push(span);
    else sessions.set(id, [span]);
  }
  return sessions;
}

/** What a span has from above, each from the nearest that says it. */
interface Heritage {
  /** Of a session or a run of ours. */
  readonly decided?: string | undefined;
  /** Of the run that a span says it is in, when the run itself is missing. */
  readonly ofRun?: string | undefined;
  /** Whoever wrote it. */
  readonly nearest?: string | undefined;
}

const NOTHING: Heritage = {};

class Descent {
  readonly #index: SpanIndex;
  readonly #known = new Map<RecordedSpan, Heritage>();
  /** By the place of the run. */
  readonly #ofRuns = new Map<string, string>();

  constructor(spans: readonly RecordedSpan[], index: SpanIndex) {
    this.#index = index;
    for (const { scope, attributes } of spans) {
      const id = readText(attributes, ATTR_SESSION_ID);
      const run = spanKeyOfId(readText(attributes, ATTR_RUN_ID));
      if (scope !== NAME || id === undefined || run === undefined) continue;
      // Of two that contradict each other the same one, in whatever order they come.
      const known = this.#ofRuns.get(run);
      if (known === undefined || id < known) this.#ofRuns.set(run, id);
    }
  }

  sessionOf(span: RecordedSpan): string | undefined {
    const path = new Set<RecordedSpan>();
    let above: RecordedSpan | undefined = span;
    for (; above !== undefined && !this.#known.has(above) && !path.has(above); above = this.#index.parent(above)) {
      path.add(above);
    }
    const down = [...path].reverse();
    // Parents that go round in a circle inherit from one another: once round to know what there is, and once to hand it on.
    if (above !== undefined && path.has(above)) this.#handDown(down.slice(0, down.indexOf(above) + 1), NOTHING);
    this.#handDown(down, (above && this.#known.get(above)) ?? NOTHING);
    const { decided, ofRun, nearest } = this.#known.get(span) ?? NOTHING;
    return decided ?? ofRun ?? nearest;
  }

  #handDown(path: readonly RecordedSpan[], from: Heritage): void {
    let heritage = from;
    for (const span of path) {
      heritage = this.#inherit(span, heritage);
      this.#known.set(span, heritage);
    }
  }

  #inherit(span: RecordedSpan, above: Heritage): Heritage {
    const own = readText(span.attributes, ATTR_SESSION_ID);
    const run = spanKeyOfId(readText(span.attributes, ATTR_RUN_ID));
    return {
      decided: (decides(span) ? own : undefined) ?? above.decided,
      ofRun: (run === undefined ? undefined : this.#ofRuns.get(run)) ?? above.ofRun,
      nearest: own ?? above.nearest,
    };
  }
}

/** The answer to a handoff hangs below the handoff, and belongs to the session of who gave it. */
function decides(span: RecordedSpan): boolean {
  const role = spanRole(span);
  return role === 'session' || role === 'handoff-answer' || isOwnRun(span);
}
