/**
 * What an app can say to Baton. Every field is optional unless it says otherwise: inside a scope the async context knows
 * the session and the run, outside one the ids are enough.
 */

/** One of the known words, or the app's own: an editor completes the former and accepts the latter. */
export type OpenWord<Known extends string> = Known | (string & Record<never, never>);

export type SessionKind = OpenWord<'pipeline' | 'multi_agent' | 'single_agent'>;
export type RunRole = OpenWord<'orchestrator' | 'worker'>;
export type RiskLevel = OpenWord<'low' | 'medium' | 'high' | 'critical'>;
export type ActionType = OpenWord<
  'read' | 'create' | 'update' | 'write' | 'delete' | 'execute' | 'communicate' | 'merge'
>;
export type ResourceType = OpenWord<
  | 'code_repository'
  | 'deployment_event'
  | 'pipeline_run'
  | 'secret'
  | 'work_item'
  | 'database_record'
  | 'file'
  | 'observability_event'
  | 'shell_command'
  | 'incident'
>;
export type HandoffReasonType = OpenWord<'specialization' | 'escalation' | 'delegation' | 'completion' | 'failure'>;

/** `pass_control`: the source is done, the target takes over. `return_to_caller`: the source waits for the answer. */
export type HandoffMode = 'pass_control' | 'return_to_caller';
export type HandoffStatus = 'requested' | 'accepted' | 'completed' | 'rejected' | 'returned' | 'failed' | 'expired';
/**
 * How a run ended; `abandoned`: its session ended before it did, or too many runs were open; `suspended`: its session was suspended meanwhile. A
 * session is never abandoned.
 */
export type RunStatus = 'completed' | 'failed' | 'cancelled' | 'abandoned' | 'suspended';
export type ApprovalStatus = 'requested' | 'approved' | 'rejected' | 'expired';

/** A text, or an object that becomes one JSON string; at most 2,000 bytes of it leave the process, secrets redacted. */
export type Summary = string | object;
/** The app's own facts: one attribute `baton.metadata.{key}` each, at most 32. Primitives as they are, the rest as JSON. */
export type Metadata = object;

/** An agent: who a run belongs to. A bare string is its key. */
export interface Agent {
  /** Stable and of low cardinality: `response-worker`. Backends group and colour by it. */
  readonly key: string;
  /** For people; stands in the span's name. Default: the key. */
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly version?: string | undefined;
}

/** Where a handoff goes. A bare string is the key of an agent, or the `stepKey` of the run that takes over. */
export interface HandoffTarget {
  readonly kind?: 'agent' | 'human' | 'queue' | undefined;
  readonly key: string;
}

/**
 * What crosses a process border or a night: W3C headers and ids, no content. Made by `handoff.carrier()`,
 * `session.suspend()` and `approval.suspend()`; plain JSON.
 */
export interface Carrier {
  readonly [header: string]: string | undefined;
}

/** The headers of a request, as `node:http` and its frameworks have them. */
export interface IncomingHeaders {
  readonly [header: string]: string | readonly string[] | undefined;
}

/**
 * What `until` gets: what the callback gives; of a plain promise, as an `async` function gives it, its value.
 */
export type Given<T> = T extends Promise<infer Value> ? (Promise<Value> extends T ? Value : T) : T;

/** For each `with…`: when the work is over, where the callback's result does not say so by itself. */
export interface Until<T> {
  /**
   * Gives what to wait for: a promise, a stream or an iterable. The span ends with that instead of the result, and fails when it
   * fails. Called once, when the callback has given its result, and only where the scope is recorded. docs/results.md says what Baton sees without it.
   *
   * @example
   * ```ts
   * baton.withLlmCall({ model, until: (stream) => stream.finalMessage() }, () => client.messages.stream(request));
   * ```
   */
  readonly until?: ((result: Given<T>) => unknown) | undefined;
}

/** What can be stopped from outside. */
export interface Stoppable {
  /**
   * The signal that stops this work. Once it is aborted, whatever is thrown here or inside counts as cancelled, and as no
   * failure. An `AbortSignal`. Baton only looks at it: pass it on to the work yourself.
   */
  readonly signal?: { readonly aborted: boolean } | undefined;
}

export interface SessionInput extends Stoppable {
  /** The app's own id (a ticket, a thread). Default: a random UUID. */
  readonly id?: string | undefined;
  /** Alias of `id`, as the other calls spell it. */
  readonly sessionId?: string | undefined;
  /** Low-cardinality name of the workflow; the span is called `invoke_workflow {name}`. Default: the kind. */
  readonly name?: string | undefined;
  readonly kind?: SessionKind | undefined;
  readonly inputSummary?: Summary | undefined;
  readonly environment?: string | undefined;
  /** `user.id` on every span of the session. */
  readonly userId?: string | undefined;
  /** `gen_ai.conversation.id` on every span of the session: only an id that the model provider or the app knows. */
  readonly conversationId?: string | undefined;
  /** The session that this one continues. */
  readonly previousSessionId?: string | undefined;
  /**
   * `one`: the session has a span from its start to its end, and what happens hangs below it. `per-run`, for a session
   * that lasts for days or lives in several processes: nothing of it stays open. Each run stands in its own trace, or in that
   * of the request that it serves, linked to the run before, and a short session span at the end links to them all.
   * @defaultValue `'one'`
   */
  readonly trace?: 'one' | 'per-run' | undefined;
  /** What `session.suspend()` gave: this part of the session is linked to where it stopped. */
  readonly carrier?: Carrier | undefined;
  readonly metadata?: Metadata | undefined;
}

/** Step metadata: belongs to the one span it is given to, and is never inherited. */
export interface StepMetadata {
  /** Stable id: `triage-ticket`. */
  readonly stepKey?: string | undefined;
  /** Label for people: `Triage ticket`. */
  readonly stepName?: string | undefined;
  /** Sort order in the replay, an integer. */
  readonly stepIndex?: number | undefined;
}

export interface RunInput extends StepMetadata, Stoppable {
  readonly sessionId?: string | undefined;
  /** The run that starts this one. Default: the run around the call. */
  readonly parentRunId?: string | undefined;
  /** Who runs. Default: for a child run its step, else the agent around it, else the client's. */
  readonly agent?: Agent | string | undefined;
  readonly role?: RunRole | undefined;
  readonly inputSummary?: Summary | undefined;
  /** What the run was given by its caller; stands in for `inputSummary` where that is missing. */
  readonly payloadSummary?: Summary | undefined;
  readonly environment?: string | undefined;
  /** The handoff that this run picks up. Default: the oldest open one that fits. */
  readonly handoffId?: string | undefined;
  /** What another process sent along: the run joins its session, picks up its handoff and hangs where it says. */
  readonly carrier?: Carrier | IncomingHeaders | undefined;
  /**
   * With a carrier. `same`: the run hangs in the sender's trace. `linked`: in a trace of its own, or that of the active span,
   * and only the link leads to the sender's.
   * @defaultValue `'same'`
   */
  readonly trace?: 'same' | 'linked' | undefined;
  /** Ids of runs or handoffs whose work comes together here: a link to each. */
  readonly joins?: readonly string[] | undefined;
  readonly metadata?: Metadata | undefined;
}

/** A child run is a run whose parent is named or around it. */
export type ChildRunInput = RunInput;

/** Ids shared by everything that happens inside a run. */
export interface InRunInput {
  readonly sessionId?: string | undefined;
  /** Default: the run around the call. */
  readonly runId?: string | undefined;
}

export interface WorkflowStepInput extends InRunInput, StepMetadata, Stoppable {
  /** Ids of runs or handoffs whose work comes together here: a link to each. */
  readonly joins?: readonly string[] | undefined;
  readonly payloadSummary?: Summary | undefined;
  readonly metadata?: Metadata | undefined;
}

export interface Tool {
  readonly name: string;
  /** The system behind the tool. */
  readonly provider?: string | undefined;
  readonly riskLevel?: RiskLevel | undefined;
  /** Kind of tool as OpenTelemetry has it. */
  readonly type?: OpenWord<'function' | 'extension' | 'datastore'> | undefined;
  readonly description?: string | undefined;
}

export interface Action {
  readonly type?: ActionType | undefined;
  readonly name?: string | undefined;
  readonly riskLevel?: RiskLevel | undefined;
}

export interface Resource {
  readonly type?: ResourceType | undefined;
  readonly externalId?: string | undefined;
  readonly provider?: string | undefined;
  readonly environment?: string | undefined;
}

export interface ToolInput extends InRunInput, Stoppable {
  /** The tool, or just its name. */
  readonly tool: Tool | string;
  readonly action?: Action | undefined;
  readonly resource?: Resource | undefined;
  /** Id of the model's request for this call. */
  readonly callId?: string | undefined;
  /** Content: recorded with `content: 'full'` only. */
  readonly arguments?: unknown;
  /** Key under which a repeated call has no second effect. */
  readonly idempotencyKey?: string | undefined;
  readonly metadata?: Metadata | undefined;
}

/** A tool that is called over the Model Context Protocol. */
export interface McpCallInput extends InRunInput, Stoppable {
  /** Name of the MCP server. */
  readonly server?: string | undefined;
  readonly tool: Tool | string;
  readonly riskLevel?: RiskLevel | undefined;
  readonly action?: Action | undefined;
  readonly actionType?: ActionType | undefined;
  readonly actionName?: string | undefined;
  readonly resource?: Resource | undefined;
  readonly resourceType?: ResourceType | undefined;
  readonly resourceProvider?: string | undefined;
  readonly resourceId?: string | undefined;
  readonly environment?: string | undefined;
  readonly callId?: string | undefined;
  /** Content: recorded with `content: 'full'` only. */
  readonly arguments?: unknown;
  readonly idempotencyKey?: string | undefined;
  readonly metadata?: Metadata | undefined;
}

/** What a model call consumed. Counts are tokens; a run sums up what its model calls report. */
export interface Usage {
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
  readonly cacheReadTokens?: number | undefined;
  readonly cacheCreationTokens?: number | undefined;
  readonly reasoningTokens?: number | undefined;
  /** Amount per currency: `{ usd: 0.0031 }`. */
  readonly cost?: Readonly<Record<string, number>> | undefined;
}

export interface ModelCallInput extends InRunInput, Stoppable {
  /** `gpt-5.5`, or `{ provider, name }`. */
  readonly model?: string | { readonly provider?: string | undefined; readonly name: string } | undefined;
  /** Provider as OpenTelemetry names it: `openai`, `anthropic`, `aws.bedrock` … */
  readonly provider?: OpenWord<'openai' | 'anthropic' | 'aws.bedrock' | 'gcp.gemini' | 'mistral_ai'> | undefined;
  /** Default `chat`. */
  readonly operation?: OpenWord<'chat' | 'generate_content' | 'text_completion'> | undefined;
  /** Content: recorded with `content: 'full'` only. */
  readonly messages?: unknown;
  readonly usage?: Usage | undefined;
  readonly metadata?: Metadata | undefined;
}

/** What became known of the model's answer. */
export interface ModelResponse {
  readonly id?: string | undefined;
  readonly model?: string | undefined;
  readonly finishReasons?: readonly string[] | undefined;
  /** Content: recorded with `content: 'full'` only. */
  readonly messages?: unknown;
  readonly usage?: Usage | undefined;
}

export interface HandoffRequest {
  readonly sessionId?: string | undefined;
  /** The run that hands over. Default: the run around the call. */
  readonly sourceRunId?: string | undefined;
  /** Who is meant to take over. Default: unknown until somebody does. */
  readonly target?: HandoffTarget | string | undefined;
  /** Default `return_to_caller`, until a run picks the handoff up after its source has ended. */
  readonly mode?: HandoffMode | undefined;
  readonly reason?: string | undefined;
  readonly reasonType?: HandoffReasonType | undefined;
  readonly environment?: string | undefined;
  readonly payloadSummary?: Summary | undefined;
  /** What the receiver is given, counted. */
  readonly context?: HandoffContext | undefined;
  /**
   * Milliseconds, of any number: when nobody has taken the handoff by then it is `expired`, and nobody can take it any more. Once
   * its `carrier()` was read somebody elsewhere may have it: then it stays `requested` and is marked `baton.handoff.overdue`.
   */
  readonly expiresInMs?: number | undefined;
  readonly metadata?: Metadata | undefined;
}

/** What crosses with a handoff, for people who ask why the receiver did not know something. */
export interface HandoffContext {
  /** How many messages of the conversation. */
  readonly messages?: number | undefined;
  /** How many tool calls with their results. */
  readonly toolExecutions?: number | undefined;
  /** Size of all of it. */
  readonly bytes?: number | undefined;
  /** Keys of the metadata that goes along. */
  readonly metadataKeys?: readonly string[] | undefined;
  /** What was held back, by name: `system_prompt`, `tool_results`. */
  readonly filtered?: readonly string[] | undefined;
  /** Content: recorded with `content: 'full'` only. */
  readonly content?: unknown;
}

/** What goes with the answer to a handoff. */
export interface HandoffReply {
  /** Why (of a rejection, a return, a failure). */
  readonly reason?: string | undefined;
  readonly payloadSummary?: Summary | undefined;
  /** What made it fail. */
  readonly error?: unknown;
}

/** The answer to a handoff. Which one: `handoffId`, else the one that the run picked up. */
export interface HandoffAnswer extends HandoffReply {
  readonly sessionId?: string | undefined;
  /** The run that answers. Default: the run around the call. */
  readonly runId?: string | undefined;
  readonly handoffId?: string | undefined;
}

/** Somebody is asked before something is done. */
export interface ApprovalInput extends InRunInput, Stoppable {
  /** What waits for the approval: a tool, or just its name. */
  readonly tool?: Tool | string | undefined;
  readonly action?: Action | undefined;
  readonly resource?: Resource | undefined;
  /** The app's own id. Default: a place in a trace, like all ids. */
  readonly id?: string | undefined;
  /** Who is asked: `support-leads`. */
  readonly approver?: string | undefined;
  readonly reason?: string | undefined;
  readonly payloadSummary?: Summary | undefined;
  readonly metadata?: Metadata | undefined;
}

export interface ApprovalDecision {
  /** Who decided. */
  readonly approver?: string | undefined;
  readonly reason?: string | undefined;
}

/** The answer to an approval that may have been asked for in another process, long ago. */
export interface ApprovalAnswer extends InRunInput, ApprovalDecision {
  readonly status: 'approved' | 'rejected' | 'expired';
  /** What `approval.suspend()` gave, or its `id`: one of them. */
  readonly carrier?: Carrier | undefined;
  readonly approvalId?: string | undefined;
  /** The tool that waits, as it was given when it was asked. */
  readonly tool?: Tool | string | undefined;
}

/** Something that happened, as a span event named by its type. */
export interface TrackedEvent extends InRunInput {
  readonly type: string;
  readonly payload?: Metadata | undefined;
}

/** An error that the app handled: an event, never a failed span. */
export interface CapturedError extends InRunInput {
  readonly error: unknown;
  readonly metadata?: Metadata | undefined;
}
