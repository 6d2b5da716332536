import {
  ATTR_ENVIRONMENT,
  ATTR_GEN_AI_WORKFLOW_NAME,
  ATTR_HANDOFF_COUNT,
  ATTR_HANDOFF_LOOP,
  ATTR_SESSION_INPUT_SUMMARY,
  ATTR_SESSION_KIND,
  ATTR_SESSION_OUTPUT_SUMMARY,
  ATTR_SESSION_PREVIOUS_ID,
  ATTR_SESSION_STATUS,
} from '../attributes.ts';
import { AgentNames } from './agent-names.ts';
import { readFlag, readMetadata, readNumber, readText } from './attribute-reader.ts';
import { alignClocks, describeSkews } from './clock-skew.ts';
import { summariseHandoffs } from './handoff-path.ts';
import { errorKey, findFailures, sumUsage } from './outcome.ts';
import { redacted } from './redacted.ts';
import { SessionClock } from './session-clock.ts';
import { groupBySession } from './session-of-span.ts';
import type { SessionTimeline, TimelineFailure } from './session-timeline.ts';
import { compareSpans, deduplicateSpans, type RecordedSpan } from './span.ts';
import { spanError, spanEvents, sumDrops } from './span-facts.ts';
import { spanRole } from './span-role.ts';
import { arrange, SpanIndex } from './span-tree.ts';
import { tellStory } from './story.ts';

/**
 * Builds a timeline for each session among these spans, oldest first. The spans may come in any order, more than once, from
 * several traces and without their parents. A missing span leaves a gap and never causes an error. Spans without a session
 * are left out. Secrets are redacted, whichever library recorded them.
 */
export function buildTimelines(spans: Iterable<RecordedSpan>): SessionTimeline[] {
  const all = deduplicateSpans(spans).map(redacted);
  const index = new SpanIndex(all);
  return [...groupBySession(all, index)]
    .map(([id, members]) => buildTimeline(id, members, index))
    .sort((one, other) => one.startUnixMs - other.startUnixMs || (one.id < other.id ? -1 : 1));
}

function buildTimeline(id: string, recorded: readonly RecordedSpan[], known: SpanIndex): SessionTimeline {
  const asRecorded = [...recorded].sort(compareSpans);
  const { members, lags } = alignClocks(asRecorded, known);
  const isMoved = members !== asRecorded;
  const index = isMoved ? new SpanIndex(members, known) : known;
  const inOrder = isMoved ? [...members].sort(compareSpans) : asRecorded;
  const start = inOrder[0]?.startUnixNano ?? 0n;
  const end = inOrder.reduce((latest, { endUnixNano }) => (endUnixNano > latest ? endUnixNano : latest), start);
  const clock = new SessionClock(start);
  const names = new AgentNames(inOrder);
  // A session that was resumed has one span for each part.
  const parts = inOrder.filter((span) => spanRole(span) === 'session');
  const tree = arrange(inOrder, index);
  const { entries, told, ownHandoffs } = tellStory(inOrder, index, tree, names, clock);
  const runners = inOrder.flatMap((span) => (spanRole(span) === 'run' ? (names.of(span) ?? []) : []));
  const failures = findFailures({ entries });

  return {
    id,
    ...describeSession(parts),
    startUnixMs: clock.unixMs(start),
    durationMs: clock.durationMs(start, end),
    events: parts.flatMap((part) => spanEvents(part, clock)).sort((one, other) => one.offsetMs - other.offsetMs),
    entries,
    handoffs: told.map(({ handoff }) => handoff),
    statistics: summariseHandoffs(
      told,
      runners,
      parts.some(({ attributes }) => readFlag(attributes, ATTR_HANDOFF_LOOP)),
      names,
      clock,
    ),
    failures: [...failures, ...ownFailures(parts, failures, clock)].sort((one, other) => one.offsetMs - other.offsetMs),
    usage: sumUsage({ entries }),
    traceIds: [...new Set(inOrder.map(({ traceId }) => traceId))],
    spanCount: recorded.length,
    sessionSpanCount: parts.length,
    missingParents: tree.missingParents,
    missingHandoffs: missingHandoffs(parts, ownHandoffs),
    dropped: sumDrops(inOrder),
    clockSkews: describeSkews(lags, inOrder, names),
  };
}

/** Each part of a session counts at least its own handoffs, so the highest count is the nearest to the truth. */
function missingHandoffs(parts: readonly RecordedSpan[], told: number): number | undefined {
  const counts = parts.map(({ attributes }) => readNumber(attributes, ATTR_HANDOFF_COUNT) ?? 0);
  const missing = counts.reduce((most, count) => Math.max(most, count), 0) - told;
  return missing > 0 ? missing : undefined;
}

/** The first part of a session has its start, the last part has its end. */
function describeSession(parts: readonly RecordedSpan[]) {
  const first = (key: string) => parts.map(({ attributes }) => readText(attributes, key)).find(Boolean);
  const last = (key: string) => parts.map(({ attributes }) => readText(attributes, key)).findLast(Boolean);
  const kind = first(ATTR_SESSION_KIND);
  const ending = parts.at(-1);
  const notes = parts.map(({ attributes }) => readMetadata(attributes));
  const dropped = notes.reduce((sum, { metadataDropped }) => sum + (metadataDropped ?? 0), 0);
  return {
    kind,
    name: first(ATTR_GEN_AI_WORKFLOW_NAME) ?? (parts[0] ? nameInSpan(parts[0].name) : undefined) ?? kind,
    status: last(ATTR_SESSION_STATUS),
    error: ending && spanError(ending),
    inputSummary: first(ATTR_SESSION_INPUT_SUMMARY),
    outputSummary: last(ATTR_SESSION_OUTPUT_SUMMARY),
    environment: first(ATTR_ENVIRONMENT),
    previousId: first(ATTR_SESSION_PREVIOUS_ID),
    metadata: Object.fromEntries(notes.flatMap(({ metadata }) => Object.entries(metadata))),
    metadataDropped: dropped > 0 ? dropped : undefined,
  };
}

/** A session of a single agent has no `gen_ai.workflow.name`: its span is called `session {name}`. */
function nameInSpan(name: string): string | undefined {
  return /^session (.+)$/s.exec(name)?.[1];
}

/** Errors of the session's own code, without those of the entries inside it. */
function ownFailures(
  parts: readonly RecordedSpan[],
  inside: readonly TimelineFailure[],
  clock: SessionClock,
): TimelineFailure[] {
  const told = new Set(inside.map(errorKey));
  return parts.flatMap((part) => {
    const error = spanError(part);
    if (!error || told.has(errorKey(error))) return [];
    const { traceId, spanId, name } = part;
    return [{ ...error, traceId, spanId, name, offsetMs: clock.offsetMs(part.startUnixNano) }];
  });
}
