import type { Attributes, Context, Span } from '@opentelemetry/api';
import * as key from '../attributes.ts';
import type { Session as SessionHandle, SessionHandoffs } from '../handles.ts';
import type { Agent, RunStatus, SessionInput, Summary } from '../model.ts';
import { commonAttributes, environmentOf, KIND_INTERNAL, outputSummary, sessionSpan } from '../span-model.ts';
import { Activity } from './activity.ts';
import { type Around, sessionIdOf } from './around.ts';
import { type Micros, now } from './clock.ts';
import type { Recorder } from './recorder.ts';
import { SessionRecord } from './session-record.ts';
import { isSilent, Silent, Unsampled } from './silent.ts';

/** A session with a span of its own: the root of its trace, or below the span that is active when it starts. */
export class Session extends Activity implements SessionHandle {
  readonly run = undefined;
  readonly runId = undefined;
  readonly agent: Agent;
  /** Somebody counted that it opened. */
  readonly #counted: boolean;

  constructor(recorder: Recorder, around: Around, span: Span, startedAt: Micros, parent: Context) {
    super(recorder, around, span, startedAt, parent);
    this.agent = recorder.agent;
    this.record.context = this.context;
    this.#counted = recorder.metrics.on;
    if (this.#counted) recorder.metrics.openSessions(1);
  }

  get id(): string {
    return this.record.sessionId;
  }

  get handoffs(): SessionHandoffs {
    return this.record.handoffs;
  }

  setOutputSummary(summary: Summary): void {
    this.write((attributes) =>
      outputSummary(attributes, key.ATTR_SESSION_OUTPUT_SUMMARY, summary, this.recorder.content),
    );
  }

  protected override measure(): void {
    if (this.#counted) this.recorder.metrics.openSessions(-1);
  }

  protected finish(outcome: RunStatus): void {
    const { record } = this;
    const { count, loop } = record.handoffs;
    this.set(key.ATTR_SESSION_STATUS, outcome === 'abandoned' ? 'cancelled' : outcome);
    this.set(key.ATTR_HANDOFF_COUNT, count);
    this.set(key.ATTR_HANDOFF_PATH, record.handoffs.agentPath());
    this.set(key.ATTR_AGENTS, [...record.agents]);
    if (loop) this.set(key.ATTR_HANDOFF_LOOP, true);
  }
}

export function startSession(recorder: Recorder, input: SessionInput): Session | Silent {
  const active = recorder.active();
  const { content } = recorder;
  const given = sessionIdOf(recorder, input.id ?? input.sessionId);
  if (isSilent(active, undefined)) return new Silent(true, undefined, given);
  const userId = content.name(input.userId, key.ATTR_USER_ID);
  const conversationId = content.name(input.conversationId, key.ATTR_GEN_AI_CONVERSATION_ID);
  const record = new SessionRecord(recorder, active, given, userId, conversationId);
  const attributes: Attributes = commonAttributes(record, undefined, undefined);
  const name = sessionSpan(attributes, input, content);
  environmentOf(attributes, input.environment ?? recorder.environment, content);
  const startedAt = now();
  const span = recorder.start(name, KIND_INTERNAL, startedAt, attributes, active);
  if (!span) return new Silent(true, undefined, record.sessionId);
  if (!recorder.follows(span)) return new Unsampled(true, span, active, record.sessionId);
  return new Session(recorder, record.enlist(recorder), span, startedAt, active);
}
