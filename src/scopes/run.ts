import { type Attributes, type Context, type Link, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api';
import * as key from '../attributes.ts';
import { scopeOf, withScope } from '../context/scope.ts';
import { formatTraceparent } from '../context/traceparent.ts';
import type { ReceivedHandoff, Run as RunHandle } from '../handles.ts';
import { recordAnswer } from '../handoffs/answer.ts';
import { readCarrier } from '../handoffs/carrier.ts';
import { elsewhereById } from '../handoffs/elsewhere.ts';
import type { Handoff, HandoffRun } from '../handoffs/handoff.ts';
import { joinsOf } from '../handoffs/joins.ts';
import { handoffById } from '../handoffs/known-handoffs.ts';
import { pickUp } from '../handoffs/pick-up.ts';
import { Received } from '../handoffs/received.ts';
import type { Try } from '../handoffs/try.ts';
import type { Agent, Carrier, RunInput, RunStatus, Summary, Usage } from '../model.ts';
import type { EnclosingScope } from '../sessions/enclosing-scope.ts';
import { type OpenScopes, openScopes } from '../sessions/open-scopes.ts';
import { contextIn, isRecorded, locate, sessionIdOf } from '../sessions/resolve.ts';
import type { RunChain } from '../sessions/run-chain.ts';
import { openRuns, rememberEnded, rememberEvicted } from '../sessions/runs.ts';
import { SessionRecord, sessionById } from '../sessions/session-record.ts';
import {
  addUsage,
  agentAttributes,
  commonAttributes,
  environmentOf,
  KIND_INTERNAL,
  outputSummary,
  runSpan,
  toAgent,
  usageAttributes,
} from '../span-model.ts';
import type { Micros } from '../tracing/clock.ts';
import type { Recorder } from '../tracing/recorder.ts';
import { type NoOp, noOpInside } from './no-op.ts';
import { type Opening, open } from './open.ts';
import { RecordedScope } from './scope.ts';

/** One agent at work. */
export class Run extends RecordedScope implements RunHandle, HandoffRun {
  readonly run: this = this;
  readonly runId: string;
  readonly id: string;
  /** The id of the parent run. */
  readonly parentId: string | undefined;
  agent: Agent;
  /** The try at the handoff that this run picked up. */
  pickedUp: Try<Handoff> | undefined;
  /** Handoffs that this run requested and waits for. When the run ends, there is no caller to return to. */
  asked: Set<Handoff> | undefined;
  /** The run was started for a handoff that it could not pick up. Its answers go to that handoff and to no other. */
  readonly wasRefused: boolean;
  /** The parent span; not its context, which would keep the parent's scope alive. */
  readonly #parentSpan: Span | undefined;
  /** The run's step, for handoffs that are addressed to a step. */
  readonly stepKey: string | undefined;
  #usage: Usage | undefined;
  #reported: Attributes | undefined;
  #providers: Set<string> | undefined;
  #received: Received | undefined;
  /** Handoffs that the run picked up earlier and has not answered. */
  #unanswered: Try<Handoff>[] | undefined;
  #links: number;

  constructor(recorder: Recorder, opening: RunOpening, span: Span, startedAt: Micros) {
    super(recorder, opening, span, startedAt);
    this.id = formatTraceparent(span.spanContext());
    this.runId = this.id;
    this.agent = opening.agent;
    this.stepKey = opening.stepKey;
    this.wasRefused = opening.wasRefused;
    this.#links = opening.links?.length ?? 0;
    this.parentId = opening.enclosing.runId;
    this.#parentSpan = trace.getSpan(opening.parent);
    recorder.setAttribute(span, key.ATTR_RUN_ID, this.id);
    openRuns.set(this.id, this);
    this.record.joinedBy(opening.agent.key, recorder.diagnostics);
  }

  protected peers(): OpenScopes {
    return openScopes.runs;
  }

  protected override forgotten(): void {
    openRuns.delete(this.id);
    rememberEvicted(this.id, { sessionId: this.record.sessionId, agent: this.agent });
  }

  get sessionId(): string {
    return this.record.sessionId;
  }

  get handoff(): ReceivedHandoff | undefined {
    if (!this.pickedUp) return undefined;
    this.#received ??= new Received(this, this.pickedUp);
    return this.#received;
  }

  get hasParent(): boolean {
    return this.#parentSpan !== undefined;
  }

  /** The context whose active span is the parent. */
  get parentContext(): Context {
    return withScope(ROOT_CONTEXT, this.#parentSpan, undefined);
  }

  setOutputSummary(summary: Summary): void {
    this.write((attributes) => outputSummary(attributes, key.ATTR_RUN_OUTPUT_SUMMARY, summary, this.recorder.content));
  }

  setUsage(usage: Usage): void {
    this.write(() => {
      const reported: Attributes = {};
      usageAttributes(reported, usage, this.recorder.content);
      this.#reported = reported;
    });
  }

  setAgent(given: Agent | string): void {
    this.write((attributes) => {
      const agent = toAgent(given, this.recorder.content);
      if (!agent) return;
      this.agent = agent;
      this.record.joinedBy(agent.key, this.recorder.diagnostics);
      if (this.pickedUp?.handoff.receiverIs(agent.key, this.pickedUp)) attributes[key.ATTR_HANDOFF_TARGET] = agent.key;
      const name = agentAttributes(attributes, agent);
      this.recorder.write(this.span, (span) => span.updateName(name));
    });
  }

  /**
   * Takes a handoff over. The span has the link already when the run started for it; `pickUpLate` adds it otherwise.
   */
  takeOver(handoff: Handoff): Try<Handoff> {
    const { pickedUp } = this;
    if (pickedUp?.status === 'requested') {
      this.#unanswered ??= [];
      this.#unanswered.push(pickedUp);
    } else pickedUp?.ended('completed');
    this.pickedUp = handoff.begin(this);
    this.#received = undefined;
    return this.pickedUp;
  }

  /** Picks up a handoff after the run has started. */
  pickUpLate(handoff: Handoff): Try<Handoff> {
    if (this.ended) return handoff.begin(undefined);
    this.write((attributes) => handoff.describe(attributes, this.agent.key));
    this.addLink(handoff.link(this.agent.key));
    return this.takeOver(handoff);
  }

  addLink(link: Link): void {
    if (this.#links >= this.recorder.limits.links) {
      this.linksDropped(1);
      return;
    }
    this.#links++;
    this.recorder.write(this.span, (span) => span.addLink(link));
  }

  /** Notes a handoff that the run requested; it waits for the answer until the run ends. */
  addRequested(handoff: Handoff): void {
    this.asked ??= new Set();
    this.asked.add(handoff);
  }

  /** Called when a model call inside this run has ended. */
  used(usage: Usage | undefined, provider: string | undefined): void {
    if (usage) this.#usage = addUsage(this.#usage ?? {}, usage);
    if (provider === undefined) return;
    this.#providers ??= new Set();
    this.#providers.add(provider);
  }

  protected finish(outcome: RunStatus | undefined): void {
    this.set(key.ATTR_RUN_STATUS, outcome);
    if (this.#reported || this.#usage) this.#writeUsage();
    if (this.#providers?.size === 1) this.set(key.ATTR_GEN_AI_PROVIDER_NAME, [...this.#providers][0]);
    if (this.#unanswered) for (const attempt of this.#unanswered) this.#endTry(attempt, outcome);
    if (this.pickedUp) this.#endTry(this.pickedUp, outcome);
    if (this.asked) {
      for (const handoff of this.asked) handoff.sourceEnded();
      this.asked = undefined;
    }
    openRuns.delete(this.id);
    rememberEnded(this.id, this.record.mark);
    // After the end of the session, only this run can close its handoffs.
    if (this.record.over) this.record.handoffs?.closeAll();
  }

  /** A run that picked the handoff up and gave no answer has accepted it: it did the work. */
  #endTry(attempt: Try<Handoff>, outcome: RunStatus | undefined): void {
    if (attempt.status === 'requested') recordAnswer(this.recorder, attempt, this, 'accepted', { at: this.startedAt });
    // An unknown outcome counts as a success.
    attempt.ended(outcome ?? 'completed');
  }

  protected override measure(lasted: Micros, outcome: RunStatus | undefined, attributes: Attributes): void {
    attributes[key.ATTR_AGENT_KEY] = this.agent.key;
    if (outcome) attributes[key.ATTR_RUN_STATUS] = outcome;
    this.recorder.metrics.run(lasted, attributes, this.context);
  }

  #writeUsage(): void {
    const attributes = this.#reported ?? {};
    if (!this.#reported) usageAttributes(attributes, this.#usage, this.recorder.content);
    for (const name in attributes) this.set(name, attributes[name] as number);
  }
}

interface RunOpening extends Opening {
  readonly agent: Agent;
  readonly stepKey: string | undefined;
  readonly wasRefused: boolean;
}

export function startRun(recorder: Recorder, input: RunInput): Run | NoOp {
  return start(recorder, input, false);
}

export function startChildRun(recorder: Recorder, input: RunInput): Run | NoOp {
  return start(recorder, input, true);
}

function start(recorder: Recorder, input: RunInput, isChild: boolean): Run | NoOp {
  const active = recorder.active();
  const { content } = recorder;
  if (!isRecorded(active, input.parentRunId, input.sessionId)) {
    return noOpInside(active, false, sessionIdOf(recorder, input.sessionId), input.parentRunId);
  }
  const carried = input.carrier === undefined ? undefined : readCarrier(recorder, input.carrier as Carrier, active);
  const enclosing =
    carried?.enclosing ??
    locate(recorder, active, input.parentRunId, input.sessionId ?? carried?.sessionId, 'parentRunId') ??
    sessionOfHandoff(recorder, active, input.handoffId) ??
    new SessionRecord(recorder, active);
  if (isChild && enclosing.runId === undefined && !carried) {
    recorder.diagnostics.misuse('no_run', 'withChildRun outside any run: name its parentRunId, or use withRun');
  }
  const agent = agentOf(recorder, input, enclosing, isChild);
  const parent = carried?.enclosing
    ? carriedParent(carried.enclosing.context, active, input.trace)
    : contextIn(enclosing, active);
  const handoff = pickUp(recorder, input, carried, enclosing, agent.key);
  const attributes = commonAttributes(enclosing.record, undefined, agent.key);
  const name = runSpan(attributes, input, agent, content);
  const owned = enclosing.record.owner !== undefined;
  environmentOf(attributes, input.environment ?? (owned ? undefined : recorder.environment), content);
  if (enclosing.runId !== undefined) attributes[key.ATTR_RUN_PARENT_ID] = enclosing.runId;
  let links: Link[] | undefined;
  if (handoff) {
    handoff.describe(attributes, agent.key);
    links = linksTo(handoff, parent, agent.key);
  }
  const chain = enclosing.runId === undefined ? enclosing.record.chain : undefined;
  if (chain) links = together(links, linkOf(chain, parent));
  const opening = {
    name,
    kind: KIND_INTERNAL,
    attributes,
    enclosing,
    parent,
    // Joins follow the other links, so that they are dropped first beyond the limit.
    links: together(links, joinsOf(recorder, input.joins)),
    isSession: false,
    sessionId: enclosing.record.sessionId,
    agent,
    stepKey: attributes[key.ATTR_STEP_KEY] as string | undefined,
    wasRefused: !handoff && (input.carrier !== undefined || (input.handoffId ?? undefined) !== undefined),
  };
  const run = open(recorder, opening, newRun);
  if (!(run instanceof Run)) return run;
  if (handoff) run.takeOver(handoff);
  chain?.started(run.span.spanContext());
  return run;
}

function newRun(recorder: Recorder, opening: RunOpening, span: Span, startedAt: Micros): Run {
  return new Run(recorder, opening, span, startedAt);
}

/** Outside any scope, a run that picks up a handoff joins the handoff's session. */
function sessionOfHandoff(recorder: Recorder, active: Context, id: string | undefined): SessionRecord | undefined {
  if (id === undefined || id === null) return undefined;
  const known = handoffById(id);
  if (known?.record && !known.record.over) return known.record;
  const sessionId = (known ?? elsewhereById(id))?.sessionId;
  return sessionId === undefined ? undefined : sessionById(recorder, active, sessionId);
}

/** The link at a receiver's start. None to its own parent, because backends merge such a link away. */
function linksTo(handoff: Handoff, parent: Context, receiverKey: string): Link[] | undefined {
  const parentId = trace.getSpan(parent)?.spanContext().spanId;
  return parentId === handoff.spanContext.spanId ? undefined : [handoff.link(receiverKey)];
}

/**
 * The parent for a carrier: the sender's span; or the active span, with the sender's baggage, when an instrumentation
 * has read the same headers and that span belongs to the server that took the request.
 */
function carriedParent(sender: Context, active: Context, where: RunInput['trace']): Context {
  const span = trace.getSpan(active);
  if (where !== 'linked') {
    if (!span?.isRecording() || scopeOf(active) !== undefined) return sender;
    const isSameTrace = span.spanContext().traceId === trace.getSpanContext(sender)?.traceId;
    return isSameTrace ? trace.setSpan(sender, span) : sender;
  }
  return span ? trace.setSpan(sender, span) : trace.deleteSpan(sender);
}

/** The link to the previous run. None inside one trace, where a backend would draw a root span below that run. */
function linkOf(chain: RunChain, parent: Context): Link[] | undefined {
  const before = chain.next();
  return before && before.context.traceId !== trace.getSpanContext(parent)?.traceId ? [before] : undefined;
}

function together(some: Link[] | undefined, more: Link[] | undefined): Link[] | undefined {
  return some && more ? [...some, ...more] : (some ?? more);
}

function agentOf(recorder: Recorder, input: RunInput, enclosing: EnclosingScope, isChild: boolean): Agent {
  const given = toAgent(input.agent, recorder.content);
  if (given) return given;
  if (isChild || enclosing.runId !== undefined) {
    const { content } = recorder;
    const stepKey = content.name(input.stepKey, key.ATTR_STEP_KEY);
    if (stepKey && recorder.isStepAgent(stepKey))
      return { key: stepKey, name: content.name(input.stepName, key.ATTR_STEP_NAME) };
  }
  return enclosing.agent;
}
