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

/** The default time limit of `flush` and `shutdown`, in milliseconds. */
const FLUSH_TIMEOUT_MS = 10_000;

/**
 * Records multi-agent pipelines as OpenTelemetry spans. Wrap the work in sessions, runs, steps and tool calls, and report
 * each handoff. Every tracing backend then shows which agent did what.
 *
 * After construction, no method throws into the app, except with `strict`. No method waits for the network, except
 * `diagnose`, `flush` and `shutdown`, which have a time limit.
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

  /**
   * @throws BatonError `invalid_option` for an option that cannot be used. The message names the option, what was expected and
   * what was given.
   */
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

  /**
   * The same as the constructor, for code that awaits its clients. Rejects with a `BatonError` for an option that cannot be
   * used.
   */
  static async create(options: BatonOptions): Promise<Baton> {
    return new Baton(options);
  }

  /**
   * Starts a session: all that belongs to one pipeline, conversation or ticket. The session ends at the completion of the
   * callback's result.
   *
   * @example
   * ```ts
   * const answer = await baton.withSession({ id: 'ticket-4321', kind: 'pipeline' }, async (session) => {
   *   const reply = await baton.withRun({ agent: 'triage' }, () => triage(ticket));
   *   session.setOutputSummary(reply);
   *   return reply;
   * });
   * ```
   */
  withSession<T>(input: SessionInput & Until<T>, fn: (session: Session) => T): T {
    return this.#guard.scope<SessionInput, Session>(calls.SESSION, input, fn).perform(fn);
  }

  /**
   * Continues a session that was suspended, or that runs in another process: the same `session.id`. With the carrier of
   * `session.suspend()`, the new part has a link to the place where the session stopped.
   *
   * @example
   * ```ts
   * const carrier = await baton.withSession({ id: 'ticket-4321' }, (session) => session.suspend());
   * // Later, in this process or in another one:
   * await baton.resumeSession({ id: 'ticket-4321', carrier }, () => baton.withRun({ agent: 'triage' }, () => triage(ticket)));
   * ```
   */
  resumeSession<T>(input: SessionInput & Until<T>, fn: (session: Session) => T): T {
    return this.#guard.scope<SessionInput, Session>(calls.RESUMED, input, fn).perform(fn);
  }

  /**
   * Starts a run: one agent at work. Inside the scope of another run, or with its `parentRunId`, it is a child run of that run.
   *
   * @example
   * ```ts
   * await baton.withRun({ agent: 'triage', inputSummary: 'Charged twice' }, async (run) => {
   *   const reply = await triage(ticket);
   *   run.setOutputSummary(reply);
   * });
   * ```
   */
  withRun<T>(input: RunInput & Until<T>, fn: (run: Run) => T): T {
    return this.#guard.scope<RunInput, Run>(calls.RUN, input, fn).perform(fn);
  }

  /**
   * Starts a child run: a run that another run starts. It belongs to the `agent` that is given, else to its step.
   *
   * @example
   * ```ts
   * await baton.withRun({ agent: 'triage', role: 'orchestrator' }, async () => {
   *   const handoff = baton.trackHandoffRequested({ target: 'billing', reason: 'Refund wanted' });
   *   await baton.withChildRun({ agent: 'billing', role: 'worker', handoffId: handoff.id }, () => refund(ticket));
   * });
   * ```
   */
  withChildRun<T>(input: ChildRunInput & Until<T>, fn: (run: Run) => T): T {
    return this.#guard.scope<RunInput, Run>(calls.CHILD_RUN, input, fn).perform(fn);
  }

  /**
   * Starts a step: a named piece of a run.
   *
   * @example
   * ```ts
   * await baton.withRun({ agent: 'triage' }, () =>
   *   baton.withWorkflowStep({ stepKey: 'classify', stepName: 'Classify the ticket', stepIndex: 0 }, () => triage(ticket)),
   * );
   * ```
   */
  withWorkflowStep<T>(input: WorkflowStepInput & Until<T>, fn: (step: WorkflowStep) => T): T {
    return this.#guard.scope<WorkflowStepInput, WorkflowStep>(calls.STEP, input, fn).perform(fn);
  }

  /**
   * Starts a tool call, with its risk, its action and its resource.
   *
   * @example
   * ```ts
   * await baton.withTool(
   *   {
   *     tool: { name: 'issue_refund', provider: 'stripe', riskLevel: 'high' },
   *     action: { type: 'create', name: 'refund' },
   *     resource: { type: 'database_record', externalId: ticket.order },
   *   },
   *   () => refund(ticket),
   * );
   * ```
   */
  withTool<T>(input: ToolInput & Until<T>, fn: (call: ToolCall) => T): T {
    return this.#guard.scope<ToolInput, ToolCall>(calls.TOOL, input, fn).perform(fn);
  }

  /**
   * Starts an approval: the wait for the decision on an action. A callback that returns `true` approves, and one that returns
   * `false` rejects. The handle has methods for both. After `suspend` on the handle, this process need not wait.
   *
   * @example
   * ```ts
   * const isApproved = await baton.withApproval({ tool: 'issue_refund', approver: 'support-leads' }, () => ask(ticket));
   * if (isApproved) await refund(ticket);
   * ```
   */
  withApproval<T>(input: ApprovalInput & Until<T>, fn: (approval: Approval) => T): T {
    return this.#guard.scope<ApprovalInput, Approval>(calls.APPROVAL, input, fn).perform(fn);
  }

  /**
   * Starts a model call. Use it where no other instrumentation records the call.
   *
   * @example
   * ```ts
   * await baton.withLlmCall({ model: { provider: 'openai', name: 'gpt-5.5' } }, async (call) => {
   *   const response = await model.complete(ticket.text);
   *   call.setResponse({ id: response.id, finishReasons: [response.finishReason] });
   *   call.setUsage({ inputTokens: response.tokensIn, outputTokens: response.tokensOut });
   *   return response.text;
   * });
   * ```
   */
  withLlmCall<T>(input: ModelCallInput & Until<T>, fn: (call: ModelCall) => T): T {
    return this.#guard.scope<ModelCallInput, ModelCall>(calls.MODEL_CALL, input, fn).perform(fn);
  }

  /**
   * Starts a tool call over the Model Context Protocol.
   *
   * @example
   * ```ts
   * await baton.withMcpCall(
   *   { server: 'github', tool: { name: 'create_issue', riskLevel: 'medium' }, action: { type: 'create' } },
   *   async (call) => {
   *     const result = await mcp.callTool('create_issue', { title: ticket.text });
   *     call.setResult(result);
   *     return result;
   *   },
   * );
   * ```
   */
  withMcpCall<T>(input: McpCallInput & Until<T>, fn: (call: ToolCall) => T): T {
    return this.#guard.scope<McpCallInput, ToolCall>(calls.MCP_CALL, input, fn).perform(fn);
  }

  /**
   * `withSession` without a callback. Call `end()` on the handle, or use `await using`.
   *
   * @example
   * ```ts
   * const session = baton.startSession({ id: 'ticket-4321' });
   * await session.within(() => baton.withRun({ agent: 'triage' }, () => triage(ticket)));
   * session.end();
   * ```
   */
  startSession(input: SessionInput): Session {
    return this.#guard.start(calls.SESSION, input);
  }

  /**
   * `withRun` without a callback. Calls inside the run name it by `runId` or `parentRunId`, or are made in `within` of the
   * handle.
   */
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

  /**
   * Requests a handoff: one agent asks another to take over. A run picks the handoff up by its `handoffId`. Without an id, a
   * run picks up the oldest open handoff that fits.
   */
  trackHandoffRequested(input: HandoffRequest): Handoff {
    return this.#guard.start(calls.HANDOFF, input);
  }

  /**
   * Accepts a handoff: the receiver takes over. The same as `run.handoff.accept()`, for code that has only the ids.
   */
  trackHandoffAccepted(input: HandoffAnswer = {}): void {
    this.#guard.quietly(calls.ACCEPTED, input);
  }

  /**
   * As the first answer, accepts a handoff. As a later answer, completes it: the receiver has finished the work. The reason is
   * that many workers call this method only once, where they start. To state which of the two is meant, use
   * `trackHandoffAccepted` and `run.handoff.complete()`.
   */
  trackHandoffCompleted(input: HandoffAnswer = {}): void {
    this.#guard.quietly(calls.COMPLETED, input);
  }

  /**
   * Rejects a handoff: the receiver does not take over the work. This is a decision, not an error.
   */
  trackHandoffRejected(input: HandoffAnswer = {}): void {
    this.#guard.quietly(calls.REJECTED, input);
  }

  /**
   * Fails a handoff: the receiver could not take over the work, or could not finish it.
   */
  trackHandoffFailed(input: HandoffAnswer = {}): void {
    this.#guard.quietly(calls.FAILED, input);
  }

  /**
   * Returns a handoff: the receiver gives the work back to the source.
   */
  trackHandoffReturned(input: HandoffAnswer = {}): void {
    this.#guard.quietly(calls.RETURNED, input);
  }

  /**
   * Records the decision on an approval that was requested in this process or in another one. The approval is named by its
   * carrier or by its id.
   */
  resolveApproval(input: ApprovalAnswer): void {
    this.#guard.quietly(calls.DECISION, input);
  }

  /**
   * Records an event of the app as a span event on the innermost scope. The type is the name of the event.
   */
  track(input: TrackedEvent): void {
    this.#guard.quietly(calls.EVENT, input);
  }

  /**
   * Records an error that the app handled, as an `exception` event. The span does not fail.
   */
  captureError(input: CapturedError): void {
    this.#guard.quietly(calls.ERROR, input);
  }

  /**
   * Finds out why spans do not arrive. Checks the provider, the context manager, the sampler, the exporters and their
   * endpoints, and sends one test pipeline (a session `baton-doctor-…`). Never rejects. `String(diagnosis)` is for people,
   * `diagnosis.findings` is for programs.
   */
  async diagnose(options: DiagnoseOptions = {}): Promise<Diagnosis> {
    // Loaded on demand, so that an app that needs no diagnosis does not load this code.
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

  /**
   * Counts the warnings so far, by code. A code without a warning is absent.
   */
  warnings(): Partial<Record<BatonErrorCode, number>> {
    return this.#diagnostics.counts();
  }

  /**
   * Sends the ended spans to the backend. Never rejects. Resolves to `false` when that failed, or took longer than
   * `timeoutMs` (milliseconds, default 10,000).
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
      if (!done)
        this.#diagnostics.warn('telemetry_failed', 'flush: the provider exceeded the time limit; spans may be missing');
      return done;
    } catch (error) {
      this.#recorder.failed('flush', Array.isArray(error) ? error[0] : error);
      return false;
    }
  }

  /**
   * Ends every open scope, flushes, and turns every later call into a no-op. The provider is not shut down, because it
   * belongs to the app. Never rejects, and may be called twice. The result is that of `flush`.
   */
  async shutdown(options: { readonly timeoutMs?: number } = {}): Promise<boolean> {
    endAllOf(this.#recorder);
    const flushed = await this.flush(options);
    this.#guard.enabled = false;
    return flushed;
  }
}
