import type { Attributes, Span, SpanKind } from '@opentelemetry/api';
import { ATTR_ABANDONED, ATTR_CANCELLED } from '../attributes.ts';
import { joinsOf } from '../handoffs/joins.ts';
import type { Agent, InRunInput, RunStatus, WorkflowStepInput } from '../model.ts';
import type { OpenRun } from '../sessions/enclosing-scope.ts';
import { type OpenScopes, openScopes } from '../sessions/open-scopes.ts';
import { contextIn, NOT_RECORDED, resolve } from '../sessions/resolve.ts';
import { SessionRecord } from '../sessions/session-record.ts';
import { commonAttributes } from '../span-model.ts';
import type { Micros } from '../tracing/clock.ts';
import type { Recorder } from '../tracing/recorder.ts';
import { type NoOp, noOpInside } from './no-op.ts';
import { type MakeHandle, type Opening, open } from './open.ts';
import { RecordedScope } from './scope.ts';

/** A piece of a run: a step, a tool call or a model call. Its agent is the run's. */
export class InRun extends RecordedScope {
  readonly run: OpenRun | undefined;
  readonly runId: string | undefined;
  readonly agent: Agent;

  constructor(recorder: Recorder, opening: Opening, span: Span, startedAt: Micros) {
    super(recorder, opening, span, startedAt);
    const { enclosing } = opening;
    this.run = enclosing.run;
    this.runId = enclosing.runId;
    this.agent = enclosing.agent;
  }

  protected peers(): OpenScopes {
    return openScopes.pieces;
  }

  protected finish(outcome: RunStatus | undefined): void {
    if (outcome === 'abandoned') this.set(ATTR_ABANDONED, true);
    if (outcome === 'cancelled') this.set(ATTR_CANCELLED, true);
  }
}

/** What differs between the kinds: their texts, and the handle. */
export interface InRunKind<Handle extends InRun> {
  readonly what: string;
  readonly spanKind: SpanKind;
  readonly make: MakeHandle<Handle>;
}

/**
 * Starts a piece of the run that the ids or the async context name. `name` fills the attributes and returns the span's
 * name.
 */
export function startInRun<Handle extends InRun, Input extends InRunInput & Pick<WorkflowStepInput, 'joins'>>(
  recorder: Recorder,
  kind: InRunKind<Handle>,
  input: Input,
  name: (attributes: Attributes, input: Input, content: Recorder['content']) => string,
): Handle | NoOp {
  const active = recorder.active();
  const found = resolve(recorder, active, input.runId, input.sessionId, 'runId');
  if (found === NOT_RECORDED) return noOpInside(active, false, input.sessionId, input.runId);
  const enclosing = found ?? new SessionRecord(recorder, active);
  if (enclosing.runId === undefined) {
    recorder.diagnostics.misuse('no_run', `${kind.what} outside any run: name its runId, or call it inside withRun`);
  }
  const attributes = commonAttributes(enclosing.record, enclosing.runId, enclosing.agent.key);
  const opening = {
    name: name(attributes, input, recorder.content),
    kind: kind.spanKind,
    attributes,
    enclosing,
    parent: contextIn(enclosing, active),
    links: joinsOf(recorder, input.joins),
    isSession: false,
    sessionId: undefined,
  };
  return open(recorder, opening, kind.make);
}
