import type { Attributes, Context, Link, Span, SpanKind } from '@opentelemetry/api';
import type { EnclosingScope } from '../sessions/enclosing-scope.ts';
import { type Micros, now } from '../tracing/clock.ts';
import { cut } from '../tracing/limits.ts';
import type { Recorder } from '../tracing/recorder.ts';
import { NonRecording, NoOp } from './no-op.ts';

/** What is known of a scope before its span starts. */
export interface Opening {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Attributes;
  readonly enclosing: EnclosingScope;
  /** Its active span is the parent. */
  readonly parent: Context;
  /** The first ones are kept, as many as the provider takes. */
  readonly links: Link[] | undefined;
  readonly isSession: boolean;
  /** What the handle says where nothing is recorded. */
  readonly sessionId: string | undefined;
}

/** What is told how many links did not fit. */
interface Opened {
  linksDropped(count: number): void;
}

/** Makes the handle of a span that has started. */
export type MakeHandle<Handle, Of extends Opening = Opening> = (
  recorder: Recorder,
  opening: Of,
  span: Span,
  startedAt: Micros,
) => Handle;

/** Starts the span of a scope and gives its handle: the same sequence for each kind. */
export function open<Handle extends Opened, Of extends Opening>(
  recorder: Recorder,
  opening: Of,
  make: MakeHandle<Handle, Of>,
): Handle | NoOp {
  const { name, kind, attributes, parent, links, isSession, sessionId } = opening;
  const left = cut(links, recorder.limits.links);
  const startedAt = now();
  const span = recorder.start(name, kind, startedAt, attributes, parent, links);
  if (!span) return new NoOp(isSession, undefined, sessionId);
  if (!recorder.follows(span)) return new NonRecording(isSession, span, parent, sessionId, recorder.diagnostics);
  const handle = make(recorder, opening, span, startedAt);
  handle.linksDropped(left);
  return handle;
}
