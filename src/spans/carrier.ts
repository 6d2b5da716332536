import { type Context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { fromId, toId } from '../context/place.ts';
import { withScope } from '../context/scope.ts';
import { describe } from '../errors.ts';
import type { Carrier } from '../model.ts';
import type { Around } from './around.ts';
import type { Recorder } from './recorder.ts';
import { registry } from './registry.ts';
import { SessionRecord } from './session-record.ts';

const HANDOFF = 'baton-handoff';
const SESSION = 'baton-session';
const SOURCE = 'baton-source';

/** Ids only, never content: where the receiver hangs (`traceparent`), what it picks up, whose session it joins. */
export function writeCarrier(
  handoffId: string,
  sessionId: string,
  source: string,
  where: Context | undefined,
): Carrier {
  const carrier: Record<string, string> = {};
  if (where) propagation.inject(where, carrier);
  const span = where && trace.getSpan(where);
  // An app without a propagator still gets its traces joined.
  carrier.traceparent ??= span ? toId(span.spanContext()) : handoffId;
  carrier[HANDOFF] = handoffId;
  carrier[SESSION] = sessionId;
  if (source) carrier[SOURCE] = source;
  return carrier;
}

/** What a carrier says, as far as it can be read. */
export interface Carried {
  readonly around: Around | undefined;
  readonly sessionId: string | undefined;
  readonly handoffId: string | undefined;
  readonly source: string | undefined;
}

export function readCarrier(recorder: Recorder, carrier: Carrier | null, active: Context): Carried | undefined {
  if (typeof carrier !== 'object' || carrier === null) {
    recorder.diagnostics.misuse(
      'invalid_carrier',
      `carrier: expected what handoff.carrier() gave in the other process, got ${describe(carrier)}`,
    );
    return undefined;
  }
  const place = fromId(carrier.traceparent);
  const sessionId = text(carrier[SESSION]);
  const handoffId = text(carrier[HANDOFF]);
  if (!place || (handoffId !== undefined && !fromId(handoffId))) {
    recorder.diagnostics.misuse(
      'invalid_carrier',
      'carrier: expected a valid traceparent and a valid baton-handoff in it; the run starts on its own',
    );
    return { around: undefined, sessionId, handoffId: undefined, source: undefined };
  }
  const extracted = propagation.extract(ROOT_CONTEXT, carrier);
  const span = trace.getSpan(extracted) ?? trace.wrapSpanContext(place);
  const record = (sessionId && registry.sessions.get(sessionId)) || new SessionRecord(recorder, active, sessionId);
  const around = { record, run: undefined, runId: undefined, agent: recorder.agent, context: extracted };
  around.context = withScope(extracted, span, around);
  return { around, sessionId, handoffId, source: text(carrier[SOURCE]) };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= 500 ? value : undefined;
}
