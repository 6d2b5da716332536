import type { Attributes, Link, Span } from '@opentelemetry/api';
import * as key from '../attributes.ts';
import { sessionOf, traceparentOf } from '../context/header-text.ts';
import { CARRIER_SESSION } from '../context/headers.ts';
import { parseTraceparent } from '../context/traceparent.ts';
import { describe } from '../errors.ts';
import type { SessionInput } from '../model.ts';
import { isRecorded, sessionIdOf } from '../sessions/resolve.ts';
import { RunChain } from '../sessions/run-chain.ts';
import { SessionRecord } from '../sessions/session-record.ts';
import { commonAttributes, environmentOf, KIND_INTERNAL, sessionSpan } from '../span-model.ts';
import { type Micros, now } from '../tracing/clock.ts';
import { linkTo, type Recorder } from '../tracing/recorder.ts';
import { LongSession } from './long-session.ts';
import { type NoOp, noOpInside } from './no-op.ts';
import { type Opening, open } from './open.ts';
import { Session } from './session.ts';

/** A session with its own span (the root of its trace, or below the active span), or one with a trace per run. */
export function startSession(recorder: Recorder, input: SessionInput): Session | NoOp {
  const active = recorder.active();
  const { content } = recorder;
  const given = sessionIdOf(recorder, input.id ?? input.sessionId ?? sessionOf(input.carrier));
  if (!isRecorded(active)) return noOpInside(active, true, given);
  const userId = content.name(input.userId, key.ATTR_USER_ID);
  const conversationId = content.name(input.conversationId, key.ATTR_GEN_AI_CONVERSATION_ID);
  const record = new SessionRecord(recorder, active, given, userId, conversationId);
  const attributes: Attributes = commonAttributes(record, undefined, undefined);
  const name = sessionSpan(attributes, input, content);
  environmentOf(attributes, input.environment ?? recorder.environment, content);
  const resume = resumeLink(recorder, input);
  const opening = {
    name,
    kind: KIND_INTERNAL,
    attributes,
    enclosing: record,
    parent: active,
    links: resume && [resume],
    isSession: true,
    sessionId: record.sessionId,
  };
  if (input.trace === 'per-run') {
    record.enlist();
    return new LongSession(recorder, opening, now(), new RunChain(resume));
  }
  return open(recorder, opening, newSession);
}

function newSession(recorder: Recorder, opening: Opening, span: Span, startedAt: Micros): Session {
  opening.enclosing.record.enlist();
  return new Session(recorder, opening, span, startedAt);
}

/** Like `startSession`, but the input must name the session that continues. */
export function resumeSession(recorder: Recorder, input: SessionInput): Session | NoOp {
  if (!(input.id ?? input.sessionId ?? sessionOf(input.carrier))) {
    recorder.diagnostics.misuse(
      'unknown_session',
      'resumeSession: expected the id of the session, or the result of session.suspend() as carrier; a new session starts',
    );
  }
  return startSession(recorder, input);
}

/** The link to where the session stopped. There is none when nothing of it was recorded there. */
function resumeLink(recorder: Recorder, { carrier }: SessionInput): Link | undefined {
  if (carrier === undefined || carrier === null) return undefined;
  const spanContext = parseTraceparent(traceparentOf(carrier));
  if (spanContext) return linkTo(spanContext, { [key.ATTR_LINK_TYPE]: 'resume' });
  if (carrier.traceparent !== undefined || carrier[CARRIER_SESSION] === undefined) {
    recorder.diagnostics.misuse(
      'invalid_carrier',
      `carrier: expected the result of session.suspend(), got ${describe(carrier.traceparent ?? carrier)}; the session continues without a link`,
    );
  }
  return undefined;
}
