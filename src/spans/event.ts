import { type Attributes, trace } from '@opentelemetry/api';
import * as key from '../attributes.ts';
import type { CapturedError, TrackedEvent } from '../model.ts';
import { activeScope, locate } from './around.ts';
import { now, toHrTime } from './clock.ts';
import { exceptionAttributes } from './failure.ts';
import type { Recorder } from './recorder.ts';
import { isSilent } from './silent.ts';

/** Something of the app's own that happened. */
export function trackEvent(recorder: Recorder, input: TrackedEvent): void {
  const { content } = recorder;
  const name = content.name(input.type, 'type') ?? 'event';
  const attributes: Attributes = {};
  content.metadata(attributes, input.payload);
  write(recorder, input, name, attributes);
}

/** An error that the app dealt with. */
export function captureError(recorder: Recorder, input: CapturedError): void {
  const attributes = exceptionAttributes(input.error, recorder.content);
  recorder.content.metadata(attributes, input.metadata);
  write(recorder, input, key.EVENT_EXCEPTION, attributes);
}

/** On the innermost scope of ours; on the run that is named, when that is another one. */
function write(recorder: Recorder, input: TrackedEvent | CapturedError, name: string, attributes: Attributes): void {
  const active = recorder.active();
  if (isSilent(active, input.runId)) return;
  const around = locate(recorder, active, input.runId, input.sessionId, 'runId');
  const innermost = activeScope(active);
  const scope = innermost !== undefined && innermost.runId === around?.runId ? innermost : around;
  const span = trace.getSpan(scope?.context ?? active);
  if (span?.isRecording()) {
    span.addEvent(name, attributes, toHrTime(now()));
    return;
  }
  recorder.diagnostics.misuse('no_run', `the event "${name}" has no open run, session or span to stand on; it is lost`);
}
