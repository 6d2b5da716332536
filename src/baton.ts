import { Content } from './content/content.ts';
import { Redactor } from './content/redact.ts';
import { sessionOf } from './context/header-text.ts';
import { Diagnostics, messageOf } from './diagnostics.ts';
import type { DiagnoseOptions } from './doctor/diagnose.ts';
import type { Diagnosis } from './doctor/finding.ts';
import { BatonError, type BatonErrorCode, describe } from './errors.ts';
import type { Approval, Handoff, ModelCall, Run, Session, ToolCall, WorkflowStep } from './handles.ts';
import { acceptHandoff, completeHandoff, failHandoff, rejectHandoff, returnHandoff } from './handoffs/answer.ts';
import * as fields from './input.ts';
import type {
  ApprovalAnswer,
  ApprovalInput,
  CapturedError,
  ChildRunInput,
  HandoffAnswer,
  HandoffRequest,
  McpCallInput,
  ModelCallInput,
  RunInput,
  SessionInput,
  ToolInput,
  TrackedEvent,
  Until,
  WorkflowStepInput,
} from './model.ts';
import { type BatonOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { isOverflow } from './room-left.ts';
import { resolveApproval, startApproval } from './scopes/approval.ts';
import { captureError, trackEvent } from './scopes/event.ts';
import { startModelCall } from './scopes/model-call.ts';
import { NoOp } from './scopes/no-op.ts';
import { startChildRun, startRun } from './scopes/run.ts';
import { type Ending, RecordedScope } from './scopes/scope.ts';
import { startHandoff } from './scopes/start-handoff.ts';
import { resumeSession, startSession } from './scopes/start-session.ts';
import { startMcpCall, startTool } from './scopes/tool-call.ts';
import { startWorkflowStep } from './scopes/workflow-step.ts';
import { endAllOf } from './sessions/open-scopes.ts';
import { toAgent } from './span-model.ts';
import { within } from './time-limit.ts';
import { Metrics } from './tracing/metrics.ts';
import { Recorder } from './tracing/recorder.ts';

/** A started piece of work that runs the app's callback inside itself. */
interface Performing<Handle> {
  perform<T>(fn: (handle: Handle) => T): T;
}

/** One thing that an app can say: how it is read, and what is done with it. */
interface Call<Input extends object, Result> {
  readonly read: (given: Input) => Input;
  readonly act: (recorder: Recorder, input: Input) => Result;
}

const SESSION: Call<SessionInput, object> = { read: fields.session, act: startSession };
const RESUMED: Call<SessionInput, object> = { read: fields.session, act: resumeSession };
const RUN: Call<RunInput, object> = { read: fields.run, act: startRun };
const CHILD_RUN: Call<RunInput, object> = { read: fields.run, act: startChildRun };
const STEP: Call<WorkflowStepInput, object> = { read: fields.step, act: startWorkflowStep };
const TOOL: Call<ToolInput, object> = { read: fields.tool, act: startTool };
const MCP_CALL: Call<McpCallInput, object> = { read: fields.mcpCall, act: startMcpCall };
const MODEL_CALL: Call<ModelCallInput, object> = { read: fields.modelCall, act: startModelCall };
const APPROVAL: Call<ApprovalInput, object> = { read: fields.approval, act: startApproval };
const HANDOFF: Call<HandoffRequest, object> = { read: fields.handoff, act: startHandoff };
const ACCEPTED: Call<HandoffAnswer, void> = { read: fields.answer, act: acceptHandoff };
const COMPLETED: Call<HandoffAnswer, void> = { read: fields.answer, act: completeHandoff };
const REJECTED: Call<HandoffAnswer, void> = { read: fields.answer, act: rejectHandoff };
const FAILED: Call<HandoffAnswer, void> = { read: fields.answer, act: failHandoff };
const RETURNED: Call<HandoffAnswer, void> = { read: fields.answer, act: returnHandoff };
const DECISION: Call<ApprovalAnswer, void> = { read: fields.decision, act: resolveApproval };
const EVENT: Call<TrackedEvent, void> = { read: fields.event, act: trackEvent };
const ERROR: Call<CapturedError, void> = { read: fields.error, act: captureError };

/** How long `flush` and `shutdown` wait for the provider, in milliseconds. */
const FLUSH_TIMEOUT_MS = 10_000;

/**
 * OpenTelemetry for multi-agent pipelines: wrap the work in sessions, runs, steps and tool calls, say when it is handed
 * over, and every tracing backend shows who did what.
 *
 * After construction nothing here throws into the app (but for `strict`) and nothing waits for the network, but `flush`
 * and `shutdown`, which are bounded.
 *
 * @example
 * ```ts
 * const baton = await Baton.create({ agent: { key: 'triage', name: 'Triage' } });
 * await baton.withSession({ kind: 'pipeline' }, () =>
 *   baton.withRun({ stepKey: 'triage' }, async () => {
 *     const handoff = baton.trackHandoffRequested({ target: 'billing', reason: 'Refund wanted' });
 *     await baton.withChildRun({ agent: 'billing', handoffId: handoff.id }, answerCustomer);
 *   }),
 * );
 * await baton.flush();
 * ```
 */
export class Baton {
  readonly #recorder: Recorder;
  readonly #diagnostics: Diagnostics;
  #enabled: boolean;
  /** How much was not recorded, because no provider was registered: for the diagnosis. */
  #missed = 0;

  /** @throws BatonError for options that cannot be used; its message names option, expected and given. */
  constructor(options: BatonOptions) {
    const resolved: ResolvedOptions = resolveOptions(options);
    this.#enabled = resolved.enabled;
    this.#diagnostics = new Diagnostics(resolved.strict, resolved.onWarning);
    const metrics = new Metrics(resolved.meterProvider, (error) =>
      this.#diagnostics.warn('telemetry_failed', `metrics failed in OpenTelemetry: ${messageOf(error)}`),
    );
    this.#diagnostics.onDroppedAttributes = (count) => metrics.droppedAttributes(count);
    const redactor = new Redactor(resolved.redaction, this.#diagnostics);
    this.#diagnostics.redact = (message) => redactor.warning(message);
    const content = new Content(resolved.content, redactor, resolved.maxAttributeBytes, this.#diagnostics);
    this.#recorder = new Recorder({
      tracerProvider: resolved.tracerProvider,
      agent: toAgent(resolved.agent, content) ?? { key: 'app' },
      content,
      diagnostics: this.#diagnostics,
      metrics,
      handoffLimit: resolved.handoffLimit,
      isFailure: resolved.isFailure,
      environment: resolved.environment,
      operationNames: resolved.operationNames,
    });
  }

  /** The same as the constructor, for code that awaits its clients. Rejects with a BatonError for unusable options. */
  static async create(options: BatonOptions): Promise<Baton> {
    return new Baton(options);
  }

  /** Groups everything that belongs to one pipeline, conversation or ticket. Lasts as long as the callback's result. */
  withSession<T>(input: SessionInput & Until<T>, fn: (session: Session) => T): T {
    return this.#scope<SessionInput, Session>(SESSION, input, fn).perform(fn);
  }

  /**
   * Goes on with a session that was suspended, or that another process has: the same `session.id`, linked to where it stopped
   * when the `carrier` of `session.suspend()` is there.
   */
  resumeSession<T>(input: SessionInput & Until<T>, fn: (session: Session) => T): T {
    return this.#scope<SessionInput, Session>(RESUMED, input, fn).perform(fn);
  }

  /** One agent at work. Inside another run's scope, or with its `parentRunId`, a child run of it. */
  withRun<T>(input: RunInput & Until<T>, fn: (run: Run) => T): T {
    return this.#scope<RunInput, Run>(RUN, input, fn).perform(fn);
  }

  /** A run that another run starts. Belongs to the agent it names, else to its step. */
  withChildRun<T>(input: ChildRunInput & Until<T>, fn: (run: Run) => T): T {
    return this.#scope<RunInput, Run>(CHILD_RUN, input, fn).perform(fn);
  }

  /** A named piece of a run. */
  withWorkflowStep<T>(input: WorkflowStepInput & Until<T>, fn: (step: WorkflowStep) => T): T {
    return this.#scope<WorkflowStepInput, WorkflowStep>(STEP, input, fn).perform(fn);
  }

  /** An action through a tool, with risk, action and resource. */
  withTool<T>(input: ToolInput & Until<T>, fn: (call: ToolCall) => T): T {
    return this.#scope<ToolInput, ToolCall>(TOOL, input, fn).perform(fn);
  }

  /**
   * Asks somebody before something is done, and waits. A callback that gives `true` has approved, `false` rejected; or say it
   * on the handle. `suspend` lets the wait go on without this process.
   */
  withApproval<T>(input: ApprovalInput & Until<T>, fn: (approval: Approval) => T): T {
    return this.#scope<ApprovalInput, Approval>(APPROVAL, input, fn).perform(fn);
  }

  /** A call of a model, where no other instrumentation records it. */
  withLlmCall<T>(input: ModelCallInput & Until<T>, fn: (call: ModelCall) => T): T {
    return this.#scope<ModelCallInput, ModelCall>(MODEL_CALL, input, fn).perform(fn);
  }

  /** A tool that is called over the Model Context Protocol. */
  withMcpCall<T>(input: McpCallInput & Until<T>, fn: (call: ToolCall) => T): T {
    return this.#scope<McpCallInput, ToolCall>(MCP_CALL, input, fn).perform(fn);
  }

  /** `withSession` for code that cannot wrap itself in a callback: call `end()`, or `await using` it. */
  startSession(input: SessionInput): Session {
    return this.#start(SESSION, input);
  }

  /** `withRun` without a callback. What happens inside names it by `runId` or `parentRunId`, or runs in `within`. */
  startRun(input: RunInput): Run {
    return this.#start(RUN, input);
  }

  /** `withChildRun` without a callback. */
  startChildRun(input: ChildRunInput): Run {
    return this.#start(CHILD_RUN, input);
  }

  /** `withWorkflowStep` without a callback. */
  startWorkflowStep(input: WorkflowStepInput): WorkflowStep {
    return this.#start(STEP, input);
  }

  /** `withTool` without a callback. */
  startTool(input: ToolInput): ToolCall {
    return this.#start(TOOL, input);
  }

  /** `withApproval` without a callback. */
  startApproval(input: ApprovalInput): Approval {
    return this.#start(APPROVAL, input);
  }

  /** `withLlmCall` without a callback. */
  startLlmCall(input: ModelCallInput): ModelCall {
    return this.#start(MODEL_CALL, input);
  }

  /** `withMcpCall` without a callback. */
  startMcpCall(input: McpCallInput): ToolCall {
    return this.#start(MCP_CALL, input);
  }

  /** One agent asks another to take over. A run picks it up by `handoffId`, or as the oldest that waits for it. */
  trackHandoffRequested(input: HandoffRequest): Handoff {
    return this.#start(HANDOFF, input);
  }

  /** The receiver has taken over. The same as `run.handoff.accept()`, for code that has the ids alone. */
  trackHandoffAccepted(input: HandoffAnswer = {}): void {
    this.#quietly(ACCEPTED, input);
  }

  /**
   * The receiver has taken over (the first word), or is done with what was handed over (after that): many workers call it once,
   * where they start. `trackHandoffAccepted` and `run.handoff.complete()` say which of both.
   */
  trackHandoffCompleted(input: HandoffAnswer = {}): void {
    this.#quietly(COMPLETED, input);
  }

  /** The receiver will not take it: a decision, not an error. */
  trackHandoffRejected(input: HandoffAnswer = {}): void {
    this.#quietly(REJECTED, input);
  }

  /** Taking over went wrong. */
  trackHandoffFailed(input: HandoffAnswer = {}): void {
    this.#quietly(FAILED, input);
  }

  /** The work goes back to whoever handed it over. */
  trackHandoffReturned(input: HandoffAnswer = {}): void {
    this.#quietly(RETURNED, input);
  }

  /** The decision on an approval that was asked for here or in another process, by its carrier or its id. */
  resolveApproval(input: ApprovalAnswer): void {
    this.#quietly(DECISION, input);
  }

  /** Something of the app's own that happened: a span event on the innermost scope, named by its type. */
  track(input: TrackedEvent): void {
    this.#quietly(EVENT, input);
  }

  /** An error that the app dealt with: an `exception` event, and no failed span. */
  captureError(input: CapturedError): void {
    this.#quietly(ERROR, input);
  }

  /**
   * Says in plain words why nothing would arrive: looks at the provider, the context manager, the sampler, the exporters and
   * their endpoints, and sends one test pipeline (a session `baton-doctor-…`). Never rejects. `String(diagnosis)` is for
   * people, `diagnosis.findings` for programs.
   */
  async diagnose(options: DiagnoseOptions = {}): Promise<Diagnosis> {
    // Loaded when somebody asks: an app that is well pays nothing for it.
    const { diagnose } = await import('./doctor/diagnose.ts');
    return diagnose(
      {
        client: this,
        enabled: this.#enabled,
        provider: this.#recorder.provider(),
        missed: this.#missed,
        warnings: this.warnings(),
      },
      options,
    );
  }

  /** How often each kind of warning occurred. */
  warnings(): Partial<Record<BatonErrorCode, number>> {
    return this.#diagnostics.counts();
  }

  /**
   * Hands what has ended to the backend. Never rejects; `false` when that did not work or took longer than
   * `timeoutMs` (default 10,000).
   */
  async flush(options: { readonly timeoutMs?: number } = {}): Promise<boolean> {
    const provider = this.#recorder.provider() as { forceFlush?: () => Promise<void> } | undefined;
    if (this.#enabled && !provider && this.#missed > 0) {
      this.#diagnostics.warn(
        'no_provider',
        `${this.#missed} sessions, runs, steps or calls were not recorded: no tracer provider is registered; see otel-baton doctor`,
      );
    }
    if (!this.#enabled || typeof provider?.forceFlush !== 'function') return true;
    try {
      const flushed = Promise.resolve(provider.forceFlush()).then(() => true);
      const done = await within(flushed, options?.timeoutMs ?? FLUSH_TIMEOUT_MS, false);
      if (!done) this.#diagnostics.warn('telemetry_failed', 'flush: the provider took too long; spans may be missing');
      return done;
    } catch (error) {
      this.#recorder.failed('flush', Array.isArray(error) ? error[0] : error);
      return false;
    }
  }

  /**
   * Ends what is still open, flushes, and records nothing from then on. The provider stays: it is the
   * app's. Never rejects, may be called twice.
   */
  async shutdown(options: { readonly timeoutMs?: number } = {}): Promise<boolean> {
    endAllOf(this.#recorder);
    const flushed = await this.flush(options);
    this.#enabled = false;
    return flushed;
  }

  /**
   * What runs the callback exactly once, recorded where that works, and gives back what it gives. The callback is not called
   * from here: each frame more around it would cost a recursion of the app a part of its depth.
   */
  #scope<Input extends object, Handle>(call: Call<Input, object>, input: Input, fn: unknown): Performing<Handle> {
    if (typeof fn !== 'function') return this.#withoutCallback(call, input, fn);
    try {
      return this.#start<Input, Performing<Handle>>(call, input);
    } catch (error) {
      if (!isAsync(fn)) throw error;
      return { perform: () => Promise.reject(error) as never };
    }
  }

  #withoutCallback<Input extends object, Handle>(
    call: Call<Input, object>,
    input: unknown,
    fn: unknown,
  ): Performing<Handle> {
    this.#diagnostics.misuse('missing_callback', `expected (options, callback), got ${describe(fn)} as callback`);
    if (typeof input !== 'function') return { perform: () => undefined as never };
    // Options left out: the only function there is, is what the app wants to run.
    return { perform: () => this.#scope<Input, Handle>(call, {} as Input, input).perform(input as never) };
  }

  #start<Input extends object, Handle>(call: Call<Input, object>, input: Input): Handle {
    if (this.#records()) {
      const given = this.#given(call, input);
      const handle = this.#tried(call, given);
      if (handle) return endingAs(handle, given) as Handle;
    }
    return noOp((call as unknown) === SESSION || (call as unknown) === RESUMED, input) as Handle;
  }

  #quietly<Input extends object>(call: Call<Input, void>, input: Input): void {
    if (this.#records()) this.#tried(call, this.#given(call, input));
  }

  /** Off, or nobody there to record: nothing is built, nothing is checked. */
  #records(): boolean {
    if (!this.#enabled) return false;
    if (this.#recorder.isHeard) return true;
    this.#missed++;
    return false;
  }

  /** The app's input, read once, before anything starts; a field that cannot be read counts as not given. */
  #given<Input extends object>({ read }: Call<Input, unknown>, given: Input): Input {
    if (typeof given !== 'object' || given === null) {
      this.#diagnostics.misuse('invalid_input', `expected an object of options, got ${describe(given)}`);
      return {} as Input;
    }
    try {
      return read(given);
    } catch {
      const { input, unreadable } = fields.readEach(given);
      this.#cannotRead(unreadable);
      return input;
    }
  }

  /** Does it, also where a field is an object that cannot be read. Never throws, but for `strict`. */
  #tried<Input extends object, T>(call: Call<Input, T>, input: Input): T | undefined {
    try {
      return call.act(this.#recorder, input);
    } catch (error) {
      return this.#triedAgain(call, input, error);
    }
  }

  #triedAgain<Input extends object, T>(call: Call<Input, T>, given: Input, failure: unknown): T | undefined {
    if (failure instanceof BatonError) throw failure;
    // Where there is no room on the stack, the app's own next call says so.
    if (isOverflow(failure)) return undefined;
    const { input, unreadable } = fields.readDeeply(given);
    try {
      // All of it can be read: what threw is not the app's.
      if (unreadable.length === 0) throw failure;
      this.#cannotRead(unreadable);
      return call.act(this.#recorder, input);
    } catch (error) {
      if (error instanceof BatonError) throw error;
      this.#recorder.failed('recording', error);
      return undefined;
    }
  }

  #cannotRead(fields: readonly string[]): void {
    this.#diagnostics.misuse(
      'invalid_input',
      `the options cannot be read in full: ${fields.slice(0, 5).join(', ')} threw and counts as not given; the rest is recorded`,
    );
  }
}

/** A callback whose errors are rejections: what is said of its options is one, too. */
function isAsync(fn: unknown): boolean {
  return Object.prototype.toString.call(fn) === '[object AsyncFunction]';
}

/** A handle that lasts, and what the options say of its end. */
function endingAs(handle: object, input: object): object {
  const { until, signal } = input as Partial<Ending>;
  if ((until === undefined && signal === undefined) || !(handle instanceof RecordedScope)) return handle;
  handle.ending = { until: typeof until === 'function' ? until : undefined, signal };
  return handle;
}

/** A handle that records nothing; a session keeps the id that the app gave it. */
function noOp(isSession: boolean, input: SessionInput | null | undefined): NoOp {
  let id: unknown;
  try {
    id = input?.sessionId ?? (isSession ? (input?.id ?? sessionOf(input?.carrier)) : undefined);
  } catch {
    // A getter of the app's that throws is not worth a session id.
  }
  return new NoOp(isSession, undefined, typeof id === 'string' && id !== '' ? id : undefined);
}
