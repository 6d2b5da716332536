import { type Context, isSpanContextValid, type SpanContext, trace } from '@opentelemetry/api';
import { ATTR_HANDOFF_SOURCE } from '../attributes.ts';
import { fromHeaderText, sessionOf, toHeaderText, traceparentOf } from '../context/header-text.ts';
import { CARRIER_HANDOFF, CARRIER_SESSION, CARRIER_SOURCE, extract, inject } from '../context/headers.ts';
import { withoutScope, withScope } from '../context/scope.ts';
import { formatTraceparent, parseTraceparent } from '../context/traceparent.ts';
import { describe } from '../errors.ts';
import type { Carrier } from '../model.ts';
import type { EnclosingScope } from '../sessions/enclosing-scope.ts';
import { sessionIdOf } from '../sessions/resolve.ts';
import { SessionRecord, sessionById } from '../sessions/session-record.ts';
import type { Recorder } from '../tracing/recorder.ts';

/** Ids only, never content: the receiver's parent (`traceparent`), the handoff to pick up, and the session to join. */
export function writeCarrier(
  handoffId: string,
  sessionId: string,
  source: string,
  where: Context | undefined,
): Record<string, string> {
  const carrier: Record<string, string> = where ? inject(where) : {};
  const span = where && trace.getSpan(where);
  // Joins the traces also when the app has no propagator.
  carrier.traceparent ??= span ? formatTraceparent(span.spanContext()) : handoffId;
  carrier[CARRIER_HANDOFF] = handoffId;
  carrier[CARRIER_SESSION] = toHeaderText(sessionId);
  if (source) carrier[CARRIER_SOURCE] = toHeaderText(source);
  return carrier;
}

/** The carrier of a session or approval that is suspended and continues later, in its own trace. */
export function writeStop(
  sessionId: string,
  spanContext: SpanContext | undefined,
  active: Context,
): Record<string, string> {
  const isValid = spanContext !== undefined && isSpanContextValid(spanContext);
  const carrier = isValid ? inject(trace.setSpanContext(withoutScope(active), spanContext)) : {};
  if (isValid) carrier.traceparent ??= formatTraceparent(spanContext);
  carrier[CARRIER_SESSION] = toHeaderText(sessionId);
  return carrier;
}

/** What could be read from a carrier. */
export interface Carried {
  readonly enclosing: EnclosingScope | undefined;
  readonly sessionId: string | undefined;
  readonly handoffId: string | undefined;
  readonly source: string | undefined;
}

export function readCarrier(recorder: Recorder, given: Carrier | null, active: Context): Carried | undefined {
  const { content, diagnostics } = recorder;
  if (typeof given !== 'object' || given === null) {
    diagnostics.misuse(
      'invalid_carrier',
      `carrier: expected the result of handoff.carrier() in the other process, got ${describe(given)}; the run starts without it`,
    );
    return undefined;
  }
  const traceparent = traceparentOf(given);
  const carrier = traceparent === given.traceparent ? given : { ...given, traceparent };
  const sessionId = sessionIdOf(recorder, sessionOf(carrier));
  const handoffId = carrier[CARRIER_HANDOFF];
  const wrong = wrongIn(carrier);
  if (wrong) {
    diagnostics.misuse('invalid_carrier', `carrier: expected a valid ${wrong}; the run starts without it`);
    return { enclosing: undefined, sessionId, handoffId: undefined, source: undefined };
  }
  // A sender that recorded nothing passes on its session alone.
  if (carrier.traceparent === undefined)
    return { enclosing: undefined, sessionId, handoffId: undefined, source: undefined };
  // Extracted onto the active context: its values stay, span and baggage come from the sender.
  const extracted = extract(withoutScope(active), carrier);
  const span = trace.getSpan(extracted) ?? trace.wrapSpanContext(parseTraceparent(carrier.traceparent) as SpanContext);
  const record =
    sessionId === undefined ? new SessionRecord(recorder, active) : sessionById(recorder, active, sessionId);
  const enclosing = {
    record,
    run: undefined,
    runId: undefined,
    scope: undefined,
    agent: recorder.agent,
    context: extracted,
  };
  enclosing.context = withScope(extracted, span, enclosing);
  return {
    enclosing,
    sessionId,
    handoffId,
    source: content.name(fromHeaderText(carrier[CARRIER_SOURCE]), ATTR_HANDOFF_SOURCE),
  };
}

/** The field of a carrier that is cut, forged or missing. */
function wrongIn(carrier: Carrier): string | undefined {
  const { traceparent, [CARRIER_HANDOFF]: handoffId } = carrier;
  const sessionAlone = traceparent === undefined && handoffId === undefined && carrier[CARRIER_SESSION] !== undefined;
  if (sessionAlone) return undefined;
  if (!parseTraceparent(traceparent)) return `traceparent, got ${describe(traceparent)}`;
  if (handoffId !== undefined && !parseTraceparent(handoffId)) return `${CARRIER_HANDOFF}, got ${describe(handoffId)}`;
  return undefined;
}
