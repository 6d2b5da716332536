import type { Attributes, Context, Span, SpanKind } from '@opentelemetry/api';
import { ATTR_ABANDONED, ATTR_CANCELLED } from '../attributes.ts';
import type { Agent, InRunInput, RunStatus, WorkflowStepInput } from '../model.ts';
import { commonAttributes } from '../span-model.ts';
import { Activity } from './scope.ts';
import { type Around, contextIn, locate } from '../sessions/resolve.ts';
import { type Micros, now } from '../tracing/clock.ts';
import { joinsOf } from '../handoffs/joins.ts';
import { cut } from '../tracing/limits.ts';
import type { OpenActivities } from '../sessions/open-scopes.ts';
import type { Recorder } from '../tracing/recorder.ts';
import { registry } from '../sessions/enclosing-scope.ts';
import type { Run } from './run.ts';
import { SessionRecord } from '../sessions/session-record.ts';
import { isSilent, Silent, Unsampled, unheard } from './no-op.ts';

/** A piece of a run: a step, a tool call, a model call. Belongs to the agent of its run. */
export class InRun extends Activity {
  readonly run: Run | undefined;
  readonly runId: string | undefined;
  readonly agent: Agent;

  constructor(recorder: Recorder, around: Around, span: Span, startedAt: Micros, parent: Context) {
    super(recorder, around, span, startedAt, parent);
    this.run = around.run;
    this.runId = around.runId;
    this.agent = around.agent;
  }

  protected peers(): OpenActivities {
    return registry.open.pieces;
  }

  /** What its span was started with. */
  startedWith(_attributes: Attributes): void {}

  protected finish(outcome: RunStatus | undefined): void {
    if (outcome === 'abandoned') this.set(ATTR_ABANDONED, true);
    if (outcome === 'cancelled') this.set(ATTR_CANCELLED, true);
  }
}

/** What distinguishes the kinds: their words, and the handle that they give. */
export interface InRunKind<Handle extends InRun> {
  readonly what: string;
  readonly spanKind: SpanKind;
  readonly Handle: new (recorder: Recorder, around: Around, span: Span, startedAt: Micros, parent: Context) => Handle;
}

/** Starts a piece of the run that the ids or the async context name; `name` fills the attributes and gives the name. */
export function startInRun<Handle extends InRun, Input extends InRunInput & Pick<WorkflowStepInput, 'joins'>>(
  recorder: Recorder,
  kind: InRunKind<Handle>,
  input: Input,
  name: (attributes: Attributes, input: Input, content: Recorder['content']) => string,
): Handle | Silent {
  const active = recorder.active();
  if (isSilent(active, input.runId, input.sessionId)) return unheard(active, false, input.sessionId, input.runId);
  const around = locate(recorder, active, input.runId, input.sessionId, 'runId') ?? new SessionRecord(recorder, active);
  if (around.runId === undefined) {
    recorder.diagnostics.misuse('no_run', `${kind.what} outside any run: name its runId, or call it inside withRun`);
  }
  const attributes = commonAttributes(around.record, around.runId, around.agent.key);
  const spanName = name(attributes, input, recorder.content);
  const parent = contextIn(around, active);
  const startedAt = now();
  const links = joinsOf(recorder, input.joins);
  const left = cut(links, recorder.limits.links);
  const span = recorder.start(spanName, kind.spanKind, startedAt, attributes, parent, links);
  if (!span) return new Silent(false);
  if (!recorder.follows(span)) return new Unsampled(false, span, parent);
  const handle = new kind.Handle(recorder, around, span, startedAt, parent);
  handle.linksDropped(left);
  handle.startedWith(attributes);
  return handle;
}
