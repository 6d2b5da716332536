import { type Attributes, trace } from '@opentelemetry/api';
import * as key from '../attributes.ts';
import type { Content } from '../content/content.ts';
import type { CapturedError, TrackedEvent } from '../model.ts';
import type { EnclosingScope } from '../sessions/enclosing-scope.ts';
import { activeScope, NOT_RECORDED, resolve } from '../sessions/resolve.ts';
import { now, toHrTime } from '../tracing/clock.ts';
import { exceptionAttributes } from '../tracing/failure.ts';
import type { Recorder } from '../tracing/recorder.ts';

/** Of the events of one span: what is told of progress leaves room for errors, and both for handoffs and the last error. */
const SHARE_TRACKED = 3 / 4;
const SHARE_ERRORS = 7 / 8;

/** Something of the app's own that happened. */
export function trackEvent(recorder: Recorder, input: TrackedEvent): void {
  write(recorder, input, SHARE_TRACKED, (attributes, content) => {
    content.metadata(attributes, input.payload);
    return content.name(input.type, 'type') ?? 'event';
  });
}

/** An error that the app dealt with. */
export function captureError(recorder: Recorder, input: CapturedError): void {
  const enclosing = write(recorder, input, SHARE_ERRORS, (attributes, content) => {
    Object.assign(attributes, exceptionAttributes(input.error, content));
    content.metadata(attributes, input.metadata);
    return key.EVENT_EXCEPTION;
  });
  // Thrown on after all, it has been told here already.
  enclosing?.scope?.rememberError(input.error);
}

/** On the innermost scope of ours; on the run that is named, when that is another one. `fill` gives the event's name. */
function write(
  recorder: Recorder,
  input: TrackedEvent | CapturedError,
  share: number,
  fill: (attributes: Attributes, content: Content) => string,
): EnclosingScope | undefined {
  const active = recorder.active();
  const around = resolve(recorder, active, input.runId, input.sessionId, 'runId');
  if (around === NOT_RECORDED) return undefined;
  const innermost = activeScope(active);
  const enclosing = innermost !== undefined && innermost.runId === around?.runId ? innermost : around;
  const span = trace.getSpan(enclosing?.context ?? active);
  const attributes: Attributes = {};
  const name = fill(attributes, recorder.content);
  // A span of ours that was not sampled is followed for the metrics alone, and takes no events.
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
