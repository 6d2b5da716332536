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

// The timeline.
export type {
  ApprovalEntry,
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
  TimelineEntry,
  TimelineError,
  TimelineEvent,
  TimelineFailure,
  TimelineResource,
  TimelineStep,
  TimelineUsage,
  ToolEntry,
} from './replay/session-timeline.ts';
// For sources of your own.
export type { FinishedSpan } from './replay/sources/memory.ts';
// Start here: a source, the timeline, a view.
export { readFinishedSpans } from './replay/sources/memory.ts';
export type { SourceProblem, SourceSpans } from './replay/sources/otlp-json.ts';
export { readOtlpJson } from './replay/sources/otlp-json.ts';
export type {
  RecordedAttributes,
  RecordedEvent,
  RecordedLink,
  RecordedSpan,
  RecordedSpanKind,
  RecordedStatus,
} from './replay/span.ts';
export { buildTimelines } from './replay/timeline.ts';
export { renderJson } from './replay/views/json.ts';
export { printable } from './replay/views/printable.ts';
export { renderSessions } from './replay/views/sessions.ts';
export type { TextOptions } from './replay/views/text.ts';
export { renderText } from './replay/views/text.ts';
export type { WalkedEntry } from './replay/walk-entries.ts';
export { walkEntries } from './replay/walk-entries.ts';
