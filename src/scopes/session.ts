import type { Span, SpanContext } from '@opentelemetry/api';
import * as key from '../attributes.ts';
import type { Session as SessionHandle, SessionHandoffs } from '../handles.ts';
import { writeStop } from '../handoffs/carrier.ts';
import { ledgerOf } from '../handoffs/ledger.ts';
import type { Agent, Carrier, RunStatus, Summary } from '../model.ts';
import { type OpenScopes, openScopes } from '../sessions/open-scopes.ts';
import { outputSummary } from '../span-model.ts';
import type { Micros } from '../tracing/clock.ts';
import type { Recorder } from '../tracing/recorder.ts';
import type { Opening } from './open.ts';
import { RecordedScope } from './scope.ts';

/** A session with its own span: the root of its trace, or below the span that is active when it starts. */
export class Session extends RecordedScope implements SessionHandle {
  readonly run = undefined;
  readonly runId = undefined;
  readonly agent: Agent;
  /** Whether its start was counted in the metrics. */
  readonly #counted: boolean;

  /** `active` is the parent of the spans inside. */
  constructor(
    recorder: Recorder,
    opening: Pick<Opening, 'enclosing' | 'parent'>,
    span: Span,
    startedAt: Micros,
    active: Span | null = span,
  ) {
    super(recorder, opening, span, startedAt, active);
    this.agent = recorder.agent;
    this.record.context = this.context;
    this.#counted = recorder.metrics.on;
    if (this.#counted) recorder.metrics.openSessions(1);
  }

  protected peers(): OpenScopes {
    return openScopes.sessions;
  }

  protected override forgotten(): void {
    this.record.delist();
  }

  get id(): string {
    return this.record.sessionId;
  }

  get handoffs(): SessionHandoffs {
    return ledgerOf(this.record);
  }

  setOutputSummary(summary: Summary): void {
    this.write((attributes) =>
      outputSummary(attributes, key.ATTR_SESSION_OUTPUT_SUMMARY, summary, this.recorder.content),
    );
  }

  suspend(): Carrier {
    const carrier = writeStop(this.id, this.spanContext, this.context);
    if (!this.ended) this.close('suspended');
    return carrier;
  }

  /** The span context for the carrier when the session is suspended. */
  protected get spanContext(): SpanContext | undefined {
    return this.span.spanContext();
  }

  protected override measure(): void {
    if (this.#counted) this.recorder.metrics.openSessions(-1);
  }

  protected finish(outcome: RunStatus | undefined): void {
    const { record } = this;
    const handoffs = ledgerOf(record);
    this.set(key.ATTR_SESSION_STATUS, outcome === 'abandoned' ? 'cancelled' : outcome);
    this.set(key.ATTR_HANDOFF_COUNT, handoffs.count);
    this.set(key.ATTR_HANDOFF_PATH, handoffs.agentPath());
    this.set(key.ATTR_AGENTS, [...record.agents]);
    if (handoffs.loop) this.set(key.ATTR_HANDOFF_LOOP, true);
  }
}
