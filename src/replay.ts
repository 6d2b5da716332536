/**
 * A session read back, in chronological order, as people would tell it.
 *
 * @example
 * ```ts
 * import { buildTimelines, readOtlpJson, renderSessions } from 'otel-baton/replay';
 *
 * const { spans } = readOtlpJson(await readFile('traces.json', 'utf8'));
 * console.log(renderSessions(buildTimelines(spans), { width: 100, color: true }));
 * ```
 *
 * @packageDocumentation
 */

// For texts of strangers on a terminal
export { printable } from './printable.ts';
// What a timeline is made of
export type {
  ApprovalEntry,
  ClockSkew,
  EntryCore,
  ForeignEntry,
  Handoff,
  HandoffAnswerRecord,
  HandoffEntry,
  HandoffPickup,
  HandoffReceiver,
  HandoffStatistics,
  ModelCallEntry,
  RunEntry,
  SessionTimeline,
  StepEntry,
  TimelineAgent,
  TimelineAttributes,
  TimelineDrops,
  TimelineEntry,
  TimelineError,
  TimelineEvent,
  TimelineFailure,
  TimelineResource,
  TimelineStep,
  TimelineUsage,
  ToolEntry,
} from './replay/session-timeline.ts';
// Sources
export {
  BackendError,
  type BackendOptions,
  type BackendSpans,
  type RecentQuery,
  type SessionQuery,
} from './replay/sources/backend.ts';
export { readFromJaeger, readRecentFromJaeger } from './replay/sources/jaeger.ts';
export { type FinishedSpan, readFinishedSpans } from './replay/sources/memory.ts';
export { readOtlpJson, type SourceProblem, type SourceSpans } from './replay/sources/otlp-json.ts';
export { readFromTempo, readRecentFromTempo } from './replay/sources/tempo.ts';
// For sources of your own
export type {
  RecordedAttributes,
  RecordedDrops,
  RecordedEvent,
  RecordedLink,
  RecordedSpan,
  RecordedSpanKind,
  RecordedStatus,
} from './replay/span.ts';
// Start here: from spans to timelines
export { buildTimelines } from './replay/timeline.ts';
// Views
export { renderJson } from './replay/views/json.ts';
export { renderSessionList, renderSessions, renderText, type TextOptions } from './replay/views/text.ts';
export { type WalkedEntry, walkEntries } from './replay/walk-entries.ts';
