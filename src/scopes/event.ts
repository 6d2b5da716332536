import { type Attributes, trace } from '@opentelemetry/api';
import * as key from '../attributes.ts';
import type { Content } from '../content/content.ts';
import type { CapturedError, TrackedEvent } from '../model.ts';
import type { EnclosingScope } from '../sessions/enclosing-scope.ts';
import { activeScope, NOT_RECORDED, resolve } from '../sessions/resolve.ts';
import { now, toHrTime } from '../tracing/clock.ts';
import { exceptionAttributes } from '../tracing/failure.ts';
import type { Recorder } from '../tracing/recorder.ts';

/**
 * Shares of a span's event limit: tracked events leave room for errors, and both leave room for handoff events and the
 * final error.
 */
const SHARE_TRACKED = 3 / 4;
const SHARE_ERRORS = 7 / 8;

/** Records an event of the app. */
export function trackEvent(recorder: Recorder, input: TrackedEvent): void {
  write(recorder, input, SHARE_TRACKED, (attributes, content) => {
    content.metadata(attributes, input.payload);
    return content.name(input.type, 'type') ?? 'event';
  });
}

/** Records an error that the app handled. */
export function captureError(recorder: Recorder, input: CapturedError): void {
  const enclosing = write(recorder, input, SHARE_ERRORS, (attributes, content) => {
    Object.assign(attributes, exceptionAttributes(input.error, content));
    content.metadata(attributes, input.metadata);
    return key.EVENT_EXCEPTION;
  });
  // If the app throws it on after all, the scope does not record it again.
  enclosing?.scope?.rememberError(input.error);
}

/**
 * Writes to the innermost scope of Baton, or to the named run where that is another. `fill` sets the attributes and
 * returns the event's name.
 */
function write(
  recorder: Recorder,
  input: TrackedEvent | CapturedError,
  share: number,
  fill: (attributes: Attributes, content: Content) => string,
): EnclosingScope | undefined {
  const active = recorder.active();
  const found = resolve(recorder, active, input.runId, input.sessionId, 'runId');
  if (found === NOT_RECORDED) return undefined;
  const innermost = activeScope(active);
  const enclosing = innermost !== undefined && innermost.runId === found?.runId ? innermost : found;
  const span = trace.getSpan(enclosing?.context ?? active);
  const attributes: Attributes = {};
  const name = fill(attributes, recorder.content);
  // A Baton span that was not sampled is followed for the metrics alone, and takes no events.
  if (span?.isRecording() || enclosing?.scope) {
    if (enclosing?.scope) enclosing.scope.event(name, attributes, now(), share);
    else if (span) recorder.write(span, (open) => open.addEvent(name, attributes, toHrTime(now())));
    return enclosing;
  }
  recorder.diagnostics.misuse(
    'no_run',
    `the event "${name}" was recorded outside any open run, session or span; it is lost`,
  );
  return undefined;
}
