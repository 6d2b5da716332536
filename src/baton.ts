import * as calls from './calls.ts';
import { Content } from './content/content.ts';
import { Redactor } from './content/redact.ts';
import { Diagnostics, messageOf } from './diagnostics.ts';
import type { DiagnoseOptions } from './doctor/diagnose.ts';
import type { Diagnosis } from './doctor/finding.ts';
import type { BatonErrorCode } from './errors.ts';
import { Guard } from './guard.ts';
import type { Approval, Handoff, ModelCall, Run, Session, ToolCall, WorkflowStep } from './handles.ts';
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
import { endAllOf } from './sessions/open-scopes.ts';
import { toAgent } from './span-model.ts';
import { withTimeLimit } from './time-limit.ts';
import { Metrics } from './tracing/metrics.ts';
import { Recorder } from './tracing/recorder.ts';

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
  readonly #guard: Guard;

  /** @throws BatonError for options that cannot be used; its message names option, expected and given. */
  constructor(options: BatonOptions) {
    const resolved: ResolvedOptions = resolveOptions(options);
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
    this.#guard = new Guard(this.#recorder, resolved.enabled);
  }

  /** The same as the constructor, for code that awaits its clients. Rejects with a BatonError for unusable options. */
  static async create(options: BatonOptions): Promise<Baton> {
    return new Baton(options);
  }

  /** Groups everything that belongs to one pipeline, conversation or ticket. Lasts as long as the callback's result. */
  withSession<T>(input: SessionInput & Until<T>, fn: (session: Session) => T): T {
    return this.#guard.scope<SessionInput, Session>(calls.SESSION, input, fn).perform(fn);
  }

  /**
   * Goes on with a session that was suspended, or that another process has: the same `session.id`, linked to where it stopped
   * when the `carrier` of `session.suspend()` is there.
   */
  resumeSession<T>(input: SessionInput & Until<T>, fn: (session: Session) => T): T {
    return this.#guard.scope<SessionInput, Session>(calls.RESUMED, input, fn).perform(fn);
  }

  /** One agent at work. Inside another run's scope, or with its `parentRunId`, a child run of it. */
  withRun<T>(input: RunInput & Until<T>, fn: (run: Run) => T): T {
    return this.#guard.scope<RunInput, Run>(calls.RUN, input, fn).perform(fn);
  }

  /** A run that another run starts. Belongs to the agent it names, else to its step. */
  withChildRun<T>(input: ChildRunInput & Until<T>, fn: (run: Run) => T): T {
    return this.#guard.scope<RunInput, Run>(calls.CHILD_RUN, input, fn).perform(fn);
  }

  /** A named piece of a run. */
  withWorkflowStep<T>(input: WorkflowStepInput & Until<T>, fn: (step: WorkflowStep) => T): T {
    return this.#guard.scope<WorkflowStepInput, WorkflowStep>(calls.STEP, input, fn).perform(fn);
  }

  /** An action through a tool, with risk, action and resource. */
  withTool<T>(input: ToolInput & Until<T>, fn: (call: ToolCall) => T): T {
    return this.#guard.scope<ToolInput, ToolCall>(calls.TOOL, input, fn).perform(fn);
  }

  /**
   * Asks somebody before something is done, and waits. A callback that gives `true` has approved, `false` rejected; or say it
   * on the handle. `suspend` lets the wait go on without this process.
   */
  withApproval<T>(input: ApprovalInput & Until<T>, fn: (approval: Approval) => T): T {
    return this.#guard.scope<ApprovalInput, Approval>(calls.APPROVAL, input, fn).perform(fn);
  }

  /** A call of a model, where no other instrumentation records it. */
  withLlmCall<T>(input: ModelCallInput & Until<T>, fn: (call: ModelCall) => T): T {
    return this.#guard.scope<ModelCallInput, ModelCall>(calls.MODEL_CALL, input, fn).perform(fn);
  }

  /** A tool that is called over the Model Context Protocol. */
  withMcpCall<T>(input: McpCallInput & Until<T>, fn: (call: ToolCall) => T): T {
    return this.#guard.scope<McpCallInput, ToolCall>(calls.MCP_CALL, input, fn).perform(fn);
  }

  /** `withSession` for code that cannot wrap itself in a callback: call `end()`, or `await using` it. */
  startSession(input: SessionInput): Session {
    return this.#guard.start(calls.SESSION, input);
  }

  /** `withRun` without a callback. What happens inside names it by `runId` or `parentRunId`, or runs in `within`. */
  startRun(input: RunInput): Run {
    return this.#guard.start(calls.RUN, input);
  }

  /** `withChildRun` without a callback. */
  startChildRun(input: ChildRunInput): Run {
    return this.#guard.start(calls.CHILD_RUN, input);
  }

  /** `withWorkflowStep` without a callback. */
  startWorkflowStep(input: WorkflowStepInput): WorkflowStep {
    return this.#guard.start(calls.STEP, input);
  }

  /** `withTool` without a callback. */
  startTool(input: ToolInput): ToolCall {
    return this.#guard.start(calls.TOOL, input);
  }

  /** `withApproval` without a callback. */
  startApproval(input: ApprovalInput): Approval {
    return this.#guard.start(calls.APPROVAL, input);
  }

  /** `withLlmCall` without a callback. */
  startLlmCall(input: ModelCallInput): ModelCall {
    return this.#guard.start(calls.MODEL_CALL, input);
  }

  /** `withMcpCall` without a callback. */
  startMcpCall(input: McpCallInput): ToolCall {
    return this.#guard.start(calls.MCP_CALL, input);
  }

  /** One agent asks another to take over. A run picks it up by `handoffId`, or as the oldest that waits for it. */
  trackHandoffRequested(input: HandoffRequest): Handoff {
    return this.#guard.start(calls.HANDOFF, input);
  }

  /** The receiver has taken over. The same as `run.handoff.accept()`, for code that has the ids alone. */
  trackHandoffAccepted(input: HandoffAnswer = {}): void {
    this.#guard.quietly(calls.ACCEPTED, input);
  }

  /**
   * The receiver has taken over (the first word), or is done with what was handed over (after that): many workers call it once,
   * where they start. `trackHandoffAccepted` and `run.handoff.complete()` say which of both.
   */
  trackHandoffCompleted(input: HandoffAnswer = {}): void {
    this.#guard.quietly(calls.COMPLETED, input);
  }

  /** The receiver will not take it: a decision, not an error. */
  trackHandoffRejected(input: HandoffAnswer = {}): void {
    this.#guard.quietly(calls.REJECTED, input);
  }

  /** Taking over went wrong. */
  trackHandoffFailed(input: HandoffAnswer = {}): void {
    this.#guard.quietly(calls.FAILED, input);
  }

  /** The work goes back to whoever handed it over. */
  trackHandoffReturned(input: HandoffAnswer = {}): void {
    this.#guard.quietly(calls.RETURNED, input);
  }

  /** The decision on an approval that was asked for here or in another process, by its carrier or its id. */
  resolveApproval(input: ApprovalAnswer): void {
    this.#guard.quietly(calls.DECISION, input);
  }

  /** Something of the app's own that happened: a span event on the innermost scope, named by its type. */
  track(input: TrackedEvent): void {
    this.#guard.quietly(calls.EVENT, input);
  }

  /** An error that the app dealt with: an `exception` event, and no failed span. */
  captureError(input: CapturedError): void {
    this.#guard.quietly(calls.ERROR, input);
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
        enabled: this.#guard.enabled,
        provider: this.#recorder.provider(),
        missed: this.#guard.missed,
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
    if (this.#guard.enabled && !provider && this.#guard.missed > 0) {
      this.#diagnostics.warn(
        'no_provider',
        `${this.#guard.missed} sessions, runs, steps or calls were not recorded: no tracer provider is registered; see otel-baton doctor`,
      );
    }
    if (!this.#guard.enabled || typeof provider?.forceFlush !== 'function') return true;
    try {
      const flushed = Promise.resolve(provider.forceFlush()).then(() => true);
      const done = await withTimeLimit(flushed, options?.timeoutMs ?? FLUSH_TIMEOUT_MS, false);
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
    this.#guard.enabled = false;
    return flushed;
  }
}
