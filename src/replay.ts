/**
 * `otel-baton/replay`: turns recorded spans back into sessions, in chronological order.
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

// For untrusted text on a terminal
export { printable } from './printable.ts';
// The parts of a timeline
export type {
  ApprovalEntry,
  ClockSkew,
  EntryCore,
  ForeignEntry,
  HandoffAnswerRecord,
  HandoffEntry,
  HandoffPickup,
  HandoffReceiver,
  HandoffSummary,
  ModelCallEntry,
  ReplayedHandoff,
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
// For your own sources
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
