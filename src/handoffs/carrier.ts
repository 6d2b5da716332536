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

/** Ids only, never content: where the receiver hangs (`traceparent`), what it picks up, whose session it joins. */
export function writeCarrier(
  handoffId: string,
  sessionId: string,
  source: string,
  where: Context | undefined,
): Record<string, string> {
  const carrier: Record<string, string> = where ? inject(where) : {};
  const span = where && trace.getSpan(where);
  // An app without a propagator still gets its traces joined.
  carrier.traceparent ??= span ? formatTraceparent(span.spanContext()) : handoffId;
  carrier[CARRIER_HANDOFF] = handoffId;
  carrier[CARRIER_SESSION] = toHeaderText(sessionId);
  if (source) carrier[CARRIER_SOURCE] = toHeaderText(source);
  return carrier;
}

/** Where something stopped that goes on later, in a trace of its own. */
export function writeStop(sessionId: string, place: SpanContext | undefined, around: Context): Record<string, string> {
  const isPlace = place !== undefined && isSpanContextValid(place);
  const carrier = isPlace ? inject(trace.setSpanContext(withoutScope(around), place)) : {};
  if (isPlace) carrier.traceparent ??= formatTraceparent(place);
  carrier[CARRIER_SESSION] = toHeaderText(sessionId);
  return carrier;
}

/** What a carrier says, as far as it can be read. */
export interface Carried {
  readonly around: EnclosingScope | undefined;
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
    return { around: undefined, sessionId, handoffId: undefined, source: undefined };
  }
  // Of a sender that recorded nothing there is the session alone.
  if (carrier.traceparent === undefined)
    return { around: undefined, sessionId, handoffId: undefined, source: undefined };
  // Onto the active context: what is there stays, span and baggage are the sender's.
  const extracted = extract(withoutScope(active), carrier);
  const span = trace.getSpan(extracted) ?? trace.wrapSpanContext(parseTraceparent(carrier.traceparent) as SpanContext);
  const record =
    sessionId === undefined ? new SessionRecord(recorder, active) : sessionById(recorder, active, sessionId);
  const around = {
    record,
    run: undefined,
    runId: undefined,
    scope: undefined,
    agent: recorder.agent,
    context: extracted,
  };
  around.context = withScope(extracted, span, around);
  return {
    around,
    sessionId,
    handoffId,
    source: content.name(fromHeaderText(carrier[CARRIER_SOURCE]), ATTR_HANDOFF_SOURCE),
  };
}

/** What of a carrier was cut, forged or never there. */
function wrongIn(carrier: Carrier): string | undefined {
  const { traceparent, [CARRIER_HANDOFF]: handoffId } = carrier;
  const sessionAlone = traceparent === undefined && handoffId === undefined && carrier[CARRIER_SESSION] !== undefined;
  if (sessionAlone) return undefined;
  if (!parseTraceparent(traceparent)) return `traceparent, got ${describe(traceparent)}`;
  if (handoffId !== undefined && !parseTraceparent(handoffId)) return `${CARRIER_HANDOFF}, got ${describe(handoffId)}`;
  return undefined;
}
