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
  /** Beyond the provider's limit, only the first ones are kept. */
  readonly links: Link[] | undefined;
  readonly isSession: boolean;
  /** The session id of the handle when nothing is recorded. */
  readonly sessionId: string | undefined;
}

/** Receives the number of links that did not fit. */
interface Opened {
  linksDropped(count: number): void;
}

/** Creates the handle of a started span. */
export type MakeHandle<Handle, Of extends Opening = Opening> = (
  recorder: Recorder,
  opening: Of,
  span: Span,
  startedAt: Micros,
) => Handle;

/** Starts the span of a scope and returns its handle; the same sequence for every kind. */
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
