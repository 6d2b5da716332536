import type { Context, Span, SpanContext } from '@opentelemetry/api';
import * as key from '../attributes.ts';
import type { Session as SessionHandle, SessionHandoffs } from '../handles.ts';
import type { Agent, Carrier, RunStatus, Summary } from '../model.ts';
import { outputSummary } from '../span-model.ts';
import { Activity } from './scope.ts';
import type { Around } from '../sessions/resolve.ts';
import { writeStop } from '../handoffs/carrier.ts';
import type { Micros } from '../tracing/clock.ts';
import type { OpenActivities } from '../sessions/open-scopes.ts';
import type { Recorder } from '../tracing/recorder.ts';
import { registry } from '../sessions/enclosing-scope.ts';

/** A session with a span of its own: the root of its trace, or below the span that is active when it starts. */
export class Session extends Activity implements SessionHandle {
  readonly run = undefined;
  readonly runId = undefined;
  readonly agent: Agent;
  /** Somebody counted that it opened. */
  readonly #counted: boolean;

  /** `active` is the span that what happens inside hangs below. */
  constructor(
    recorder: Recorder,
    around: Around,
    span: Span,
    startedAt: Micros,
    parent: Context,
    active: Span | null = span,
  ) {
    super(recorder, around, span, startedAt, parent, active);
    this.agent = recorder.agent;
    this.record.context = this.context;
    this.#counted = recorder.metrics.on;
    if (this.#counted) recorder.metrics.openSessions(1);
  }

  protected peers(): OpenActivities {
    return registry.open.sessions;
  }

  protected override forgotten(): void {
    this.record.delist();
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

  suspend(): Carrier {
    const carrier = writeStop(this.id, this.place, this.context);
    if (!this.ended) this.close('suspended');
    return carrier;
  }

  /** Where it stops when it is suspended. */
  protected get place(): SpanContext | undefined {
    return this.span.spanContext();
  }

  protected override measure(): void {
    if (this.#counted) this.recorder.metrics.openSessions(-1);
  }

  protected finish(outcome: RunStatus | undefined): void {
    const { record } = this;
    const { count, loop } = record.handoffs;
    this.set(key.ATTR_SESSION_STATUS, outcome === 'abandoned' ? 'cancelled' : outcome);
    this.set(key.ATTR_HANDOFF_COUNT, count);
    this.set(key.ATTR_HANDOFF_PATH, record.handoffs.agentPath());
    this.set(key.ATTR_AGENTS, [...record.agents]);
    if (loop) this.set(key.ATTR_HANDOFF_LOOP, true);
  }
}
