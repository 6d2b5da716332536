import type { Attributes, Link } from '@opentelemetry/api';
import * as key from '../attributes.ts';
import { sessionOf, traceparentOf } from '../context/header-text.ts';
import { CARRIER_SESSION } from '../context/headers.ts';
import { fromId } from '../context/place.ts';
import { describe } from '../errors.ts';
import type { SessionInput } from '../model.ts';
import { commonAttributes, environmentOf, KIND_INTERNAL, sessionSpan } from '../span-model.ts';
import { sessionIdOf } from '../sessions/resolve.ts';
import { now } from '../tracing/clock.ts';
import { LongSession, RunChain } from './long-session.ts';
import { linkTo, type Recorder } from '../tracing/recorder.ts';
import { Session } from './session.ts';
import { SessionRecord } from '../sessions/session-record.ts';
import { isSilent, Silent, Unsampled, unheard } from './no-op.ts';

/** A session with a span of its own (the root of its trace, or below the span that is active), or one of many traces. */
export function startSession(recorder: Recorder, input: SessionInput): Session | Silent {
  const active = recorder.active();
  const { content } = recorder;
  const given = sessionIdOf(recorder, input.id ?? input.sessionId ?? sessionOf(input.carrier));
  if (isSilent(active, undefined)) return unheard(active, true, given);
  const userId = content.name(input.userId, key.ATTR_USER_ID);
  const conversationId = content.name(input.conversationId, key.ATTR_GEN_AI_CONVERSATION_ID);
  const record = new SessionRecord(recorder, active, given, userId, conversationId);
  const attributes: Attributes = commonAttributes(record, undefined, undefined);
  const name = sessionSpan(attributes, input, content);
  environmentOf(attributes, input.environment ?? recorder.environment, content);
  const startedAt = now();
  const resume = resumeLink(recorder, input);
  if (input.trace === 'per-run') {
    const chain = new RunChain(resume);
    return new LongSession(recorder, record.enlist(), startedAt, active, { name, attributes, chain });
  }
  const span = recorder.start(name, KIND_INTERNAL, startedAt, attributes, active, resume && [resume]);
  if (!span) return new Silent(true, undefined, record.sessionId);
  if (!recorder.follows(span)) return new Unsampled(true, span, active, record.sessionId, recorder.diagnostics);
  return new Session(recorder, record.enlist(), span, startedAt, active);
}

/** `startSession` for one that goes on: it must say which. */
export function resumeSession(recorder: Recorder, input: SessionInput): Session | Silent {
  if (!(input.id ?? input.sessionId ?? sessionOf(input.carrier))) {
    recorder.diagnostics.misuse(
      'unknown_session',
      'resumeSession: expected the id of the session, or what session.suspend() gave as carrier; a new one starts',
    );
  }
  return startSession(recorder, input);
}

/** To where the session stopped. A session of which nothing was recorded there has no such place. */
function resumeLink(recorder: Recorder, { carrier }: SessionInput): Link | undefined {
  if (carrier === undefined || carrier === null) return undefined;
  const place = fromId(traceparentOf(carrier));
  if (place) return linkTo(place, { [key.ATTR_LINK_TYPE]: 'resume' });
  if (carrier.traceparent !== undefined || carrier[CARRIER_SESSION] === undefined) {
    recorder.diagnostics.misuse(
      'invalid_carrier',
      `carrier: expected what session.suspend() gave, got ${describe(carrier.traceparent ?? carrier)}; the session goes on without a link`,
    );
  }
  return undefined;
}
