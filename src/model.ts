/**
 * The inputs that an app gives to Baton. Every field is optional unless its comment says otherwise. Inside a scope, the
 * async context provides the session and the run. Outside a scope, the ids are enough.
 */

/** A known word or a word of the app. An editor completes the known words, and the type accepts any string. */
export type OpenWord<Known extends string> = Known | (string & Record<never, never>);

/**
 * The kind of a session:
 *
 * - `pipeline`: a workflow of fixed steps.
 * - `multi_agent`: several agents work together and decide who works next.
 * - `single_agent`: one agent works alone. The span is called `session {name}` and has no `gen_ai.workflow.name`.
 *
 * Any other string is accepted.
 */
export type SessionKind = OpenWord<'pipeline' | 'multi_agent' | 'single_agent'>;

/**
 * The role of a run:
 *
 * - `orchestrator`: the agent plans the work and gives it to other agents.
 * - `worker`: the agent does the work that another agent gave it.
 *
 * Any other string is accepted.
 */
export type RunRole = OpenWord<'orchestrator' | 'worker'>;

/**
 * The risk of a tool call, in the judgement of the app. Suggested meanings:
 *
 * - `low`: a mistake does no harm.
 * - `medium`: a mistake can be undone with some effort.
 * - `high`: a mistake costs money or data, or is visible to customers.
 * - `critical`: a mistake cannot be undone, or stops the business.
 *
 * Baton only records the word. Any other string is accepted.
 */
export type RiskLevel = OpenWord<'low' | 'medium' | 'high' | 'critical'>;

/**
 * What an action does to its resource:
 *
 * - `read`: reads the resource and changes nothing.
 * - `create`: makes a new resource.
 * - `update`: changes a part of an existing resource.
 * - `write`: writes the content of a resource, new or existing.
 * - `delete`: removes the resource.
 * - `execute`: runs a program, a command or a job.
 * - `communicate`: sends a message to a person or to another system.
 * - `merge`: joins one change or branch with another.
 *
 * Any other string is accepted.
 */
export type ActionType = OpenWord<
  'read' | 'create' | 'update' | 'write' | 'delete' | 'execute' | 'communicate' | 'merge'
>;

/**
 * The type of a resource:
 *
 * - `code_repository`: a repository of source code.
 * - `deployment_event`: a deployment of a release to an environment.
 * - `pipeline_run`: one run of a build or data pipeline.
 * - `secret`: a password, key or token in a secret store.
 * - `work_item`: a ticket, an issue or a task.
 * - `database_record`: a row or document in a database.
 * - `file`: a file.
 * - `observability_event`: a log record, a metric, a trace or an alert.
 * - `shell_command`: a command in a shell.
 * - `incident`: an incident in an incident management system.
 *
 * Any other string is accepted.
 */
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

/**
 * The class of the reason for a handoff:
 *
 * - `specialization`: the target knows more about this kind of work.
 * - `escalation`: the target has more authority.
 * - `delegation`: the source gives a part of its work away.
 * - `completion`: the source has finished its part, and the next part is due.
 * - `failure`: the source could not do the work.
 *
 * Any other string is accepted.
 */
export type HandoffReasonType = OpenWord<'specialization' | 'escalation' | 'delegation' | 'completion' | 'failure'>;

/**
 * Whether control comes back to the source of a handoff:
 *
 * - `pass_control`: the source is done, and the target takes over.
 * - `return_to_caller`: the source waits for the answer.
 */
export type HandoffMode = 'pass_control' | 'return_to_caller';

/**
 * The status of a handoff:
 *
 * - `requested`: no agent has answered.
 * - `accepted`: the target has taken over the work.
 * - `completed`: the target has finished the work.
 * - `rejected`: the target did not take over the work. This is a decision, not an error.
 * - `returned`: the target gave the work back to the source.
 * - `failed`: the target could not take over the work, or could not finish it.
 * - `expired`: no agent answered before the deadline.
 */
export type HandoffStatus = 'requested' | 'accepted' | 'completed' | 'rejected' | 'returned' | 'failed' | 'expired';

/**
 * How a run ended:
 *
 * - `completed`: the run ended without an error.
 * - `failed`: the run ended with an error.
 * - `cancelled`: the run was stopped from outside.
 * - `abandoned`: its session ended before the run did, or too many runs were open. A session is never `abandoned`.
 * - `suspended`: its session was suspended before the run ended.
 */
export type RunStatus = 'completed' | 'failed' | 'cancelled' | 'abandoned' | 'suspended';

/**
 * The status of an approval:
 *
 * - `requested`: nobody has decided.
 * - `approved`: the action is allowed.
 * - `rejected`: the action is not allowed.
 * - `expired`: nobody decided in time.
 */
export type ApprovalStatus = 'requested' | 'approved' | 'rejected' | 'expired';

/** A text, or an object that becomes one JSON string. By default at most 2,000 bytes of it are recorded, without secrets. */
export type Summary = string | object;
/**
 * Facts of the app: one attribute `baton.metadata.{key}` for each entry, at most 32. A primitive is recorded as it is,
 * any other value as JSON.
 */
export type Metadata = object;

/** The agent that a run belongs to. A plain string is its key. */
export interface Agent {
  /** A stable key of low cardinality, such as `response-worker`. Backends group and colour spans by it. */
  readonly key: string;
  /** The name for people, part of the span's name. Default: the key. */
  readonly name?: string | undefined;
  /** What the agent does: `gen_ai.agent.description`. */
  readonly description?: string | undefined;
  /** The version of the agent: `gen_ai.agent.version`. */
  readonly version?: string | undefined;
}

/** The target of a handoff. A plain string is the key of an agent, or the `stepKey` of the run that takes over. */
export interface HandoffTarget {
  /**
   * What the target is:
   *
   * - `agent`: an agent.
   * - `human`: a person.
   * - `queue`: a queue, from which any worker may take the work.
   *
   * @defaultValue `'agent'`
   */
  readonly kind?: 'agent' | 'human' | 'queue' | undefined;
  /** The key of the agent, person or queue. Required. */
  readonly key: string;
}

/**
 * What another process, or the same process at a later time, needs to continue: W3C headers and ids, without content. It
 * comes from `handoff.carrier()`, `session.suspend()` or `approval.suspend()`, and is plain JSON.
 */
export interface Carrier {
  readonly [header: string]: string | undefined;
}

/** The headers of a request, in the shape that `node:http` and its frameworks use. */
export interface IncomingHeaders {
  readonly [header: string]: string | readonly string[] | undefined;
}

/** The argument of `until`: the result of the callback. For a plain promise, as an `async` function returns it, its value. */
export type Given<T> = T extends Promise<infer Value> ? (Promise<Value> extends T ? Value : T) : T;

/** For every `with…` method: the completion, where the callback's result does not show it. */
export interface Until<T> {
  /**
   * Returns what to wait for: a promise, a stream or an iterable. The span ends when that ends, not when the callback's
   * result does, and fails when it fails. Baton calls `until` once, when the callback has returned its result, and only
   * where the scope is recorded. docs/results.md lists the results that Baton understands without it.
   *
   * @example
   * ```ts
   * baton.withLlmCall({ model, until: (stream) => stream.finalMessage() }, () => client.messages.stream(request));
   * ```
   */
  readonly until?: ((result: Given<T>) => unknown) | undefined;
}

/** Work that can be stopped from outside. */
export interface Stoppable {
  /**
   * The `AbortSignal` that stops this work. After it is aborted, an error from here or from inside counts as a
   * cancellation, not as a failure. Baton only reads the signal: pass it to the work yourself.
   */
  readonly signal?: { readonly aborted: boolean } | undefined;
}

export interface SessionInput extends Stoppable {
  /** The app's own id of the session, for example of a ticket or a thread. Default: a random UUID. */
  readonly id?: string | undefined;
  /** Alias of `id`; kept for code that names a session by `sessionId` everywhere. `id` wins over it. */
  readonly sessionId?: string | undefined;
  /** The low-cardinality name of the workflow. The span is called `invoke_workflow {name}`. Default: the kind. */
  readonly name?: string | undefined;
  readonly kind?: SessionKind | undefined;
  /** What the session is asked to do. */
  readonly inputSummary?: Summary | undefined;
  /** The environment, for example `production`. Default: `environment` of the client. */
  readonly environment?: string | undefined;
  /** Written as `user.id` on every span of the session. */
  readonly userId?: string | undefined;
  /** Written as `gen_ai.conversation.id` on every span of the session. Give only an id that the model provider or the app knows. */
  readonly conversationId?: string | undefined;
  /** The id of the session that this session continues. */
  readonly previousSessionId?: string | undefined;
  /**
   * How the session is divided into traces:
   *
   * - `one`: the session has one span from its start to its end, and everything inside it is a descendant of that span.
   * - `per-run`: for a session that lasts for days or runs in several processes. No span stays open. Each run has its own
   *   trace, or belongs to the trace of the request that it serves, with a link to the previous run. At the end, a short
   *   session span has links to all runs.
   *
   * @defaultValue `'one'`
   */
  readonly trace?: 'one' | 'per-run' | undefined;
  /** The result of `session.suspend()`. This part of the session gets a link to the place where the session stopped. */
  readonly carrier?: Carrier | undefined;
  readonly metadata?: Metadata | undefined;
}

/** The description of a step. It belongs to the span that it is given to, and is never inherited. */
export interface StepMetadata {
  /** A stable key, such as `triage-ticket`. */
  readonly stepKey?: string | undefined;
  /** A label for people, such as `Triage ticket`. */
  readonly stepName?: string | undefined;
  /** The place of the step in its workflow, for sorting: a whole number from 0. */
  readonly stepIndex?: number | undefined;
}

export interface RunInput extends StepMetadata, Stoppable {
  /** The id of the session that the run belongs to. Default: the enclosing session. */
  readonly sessionId?: string | undefined;
  /** The id of the run that starts this run. Default: the enclosing run. */
  readonly parentRunId?: string | undefined;
  /** The agent that runs. Default: for a child run its step, else the enclosing agent, else the agent of the client. */
  readonly agent?: Agent | string | undefined;
  readonly role?: RunRole | undefined;
  /** What the run is asked to do. */
  readonly inputSummary?: Summary | undefined;
  /** Alias of `inputSummary`; kept for code that calls the input of every call a payload. `inputSummary` wins over it. */
  readonly payloadSummary?: Summary | undefined;
  /** The environment, where the run differs from its session. Outside a session the default is `environment` of the client. */
  readonly environment?: string | undefined;
  /** The id of the handoff that this run picks up. Default: the oldest open handoff that fits. */
  readonly handoffId?: string | undefined;
  /**
   * What another process sent: `handoff.carrier()`, or the headers of the request that contain it. The run joins that
   * session, picks up that handoff, and takes its parent from the carrier.
   */
  readonly carrier?: Carrier | IncomingHeaders | undefined;
  /**
   * The trace of a run that has a carrier:
   *
   * - `same`: the run belongs to the sender's trace.
   * - `linked`: the run has its own trace, or belongs to that of the active span. Only the link leads to the sender's trace.
   *
   * @defaultValue `'same'`
   */
  readonly trace?: 'same' | 'linked' | undefined;
  /** Ids of runs or handoffs whose work is joined here. The span gets a link to each of them. */
  readonly joins?: readonly string[] | undefined;
  readonly metadata?: Metadata | undefined;
}

/** The input of a child run: a run that has a parent run, either named by `parentRunId` or enclosing the call. */
export type ChildRunInput = RunInput;

/** The ids that every call inside a run accepts. */
export interface InRunInput {
  /** The id of the session. Default: the enclosing session. */
  readonly sessionId?: string | undefined;
  /** The id of the run. Default: the enclosing run. */
  readonly runId?: string | undefined;
}

export interface WorkflowStepInput extends InRunInput, StepMetadata, Stoppable {
  /** Ids of runs or handoffs whose work is joined here. The span gets a link to each of them. */
  readonly joins?: readonly string[] | undefined;
  /** What the step works on. */
  readonly payloadSummary?: Summary | undefined;
  readonly metadata?: Metadata | undefined;
}

export interface Tool {
  /** The name of the tool, of low cardinality. Required. */
  readonly name: string;
  /** The system behind the tool, such as `stripe`. For a tool over MCP, the default is `server`. */
  readonly provider?: string | undefined;
  readonly riskLevel?: RiskLevel | undefined;
  /**
   * The type of the tool in OpenTelemetry's terms:
   *
   * - `function`: the app executes the tool.
   * - `extension`: the agent's side executes the tool and calls an external API.
   * - `datastore`: the tool reads data from a store.
   *
   * Any other string is accepted.
   */
  readonly type?: OpenWord<'function' | 'extension' | 'datastore'> | undefined;
  readonly description?: string | undefined;
}

/** What a tool call does. */
export interface Action {
  readonly type?: ActionType | undefined;
  /** The app's own name of the action, such as `refund_order`. */
  readonly name?: string | undefined;
  /** The risk of this action. It is recorded where the tool has no `riskLevel`. */
  readonly riskLevel?: RiskLevel | undefined;
}

/** What a tool call acts on. */
export interface Resource {
  readonly type?: ResourceType | undefined;
  /** The id of the resource in its own system. */
  readonly externalId?: string | undefined;
  /** The system that owns the resource, such as `github`. */
  readonly provider?: string | undefined;
  /** The environment of the resource, such as `production`. */
  readonly environment?: string | undefined;
}

export interface ToolInput extends InRunInput, Stoppable {
  /** The tool, or its name. Required. */
  readonly tool: Tool | string;
  readonly action?: Action | undefined;
  readonly resource?: Resource | undefined;
  /** The id of the tool call in the model's response. */
  readonly callId?: string | undefined;
  /** Content: recorded with `content: 'full'` only. */
  readonly arguments?: unknown;
  /** The key under which a repeated call has no second effect. */
  readonly idempotencyKey?: string | undefined;
  readonly metadata?: Metadata | undefined;
}

/**
 * A tool that is called over the Model Context Protocol. Describe it with `tool`, `action` and `resource`, as in
 * {@link ToolInput}. The flat fields are aliases.
 */
export interface McpCallInput extends InRunInput, Stoppable {
  /** The name of the MCP server. It is recorded as the provider of the tool and wins over `tool.provider`. */
  readonly server?: string | undefined;
  /** The tool, or its name. Required. */
  readonly tool: Tool | string;
  /** Alias of `tool.riskLevel`; kept for code that has flat fields. It wins over `tool.riskLevel`. */
  readonly riskLevel?: RiskLevel | undefined;
  readonly action?: Action | undefined;
  /** Alias of `action.type`; kept for code that has flat fields. `action.type` wins over it. */
  readonly actionType?: ActionType | undefined;
  /** Alias of `action.name`; kept for code that has flat fields. `action.name` wins over it. */
  readonly actionName?: string | undefined;
  readonly resource?: Resource | undefined;
  /** Alias of `resource.type`; kept for code that has flat fields. `resource.type` wins over it. */
  readonly resourceType?: ResourceType | undefined;
  /** Alias of `resource.provider`; kept for code that has flat fields. `resource.provider` wins over it. */
  readonly resourceProvider?: string | undefined;
  /** Alias of `resource.externalId`; kept for code that has flat fields. `resource.externalId` wins over it. */
  readonly resourceId?: string | undefined;
  /** Alias of `resource.environment`; kept for code that has flat fields. `resource.environment` wins over it. */
  readonly environment?: string | undefined;
  /** The id of the tool call in the model's response. */
  readonly callId?: string | undefined;
  /** Content: recorded with `content: 'full'` only. */
  readonly arguments?: unknown;
  /** The key under which a repeated call has no second effect. */
  readonly idempotencyKey?: string | undefined;
  readonly metadata?: Metadata | undefined;
}

/** What a model call consumed. Counts are tokens. A run adds up what its model calls report. */
export interface Usage {
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
  readonly cacheReadTokens?: number | undefined;
  readonly cacheCreationTokens?: number | undefined;
  readonly reasoningTokens?: number | undefined;
  /** The amount per currency: `{ usd: 0.0031 }`. */
  readonly cost?: Readonly<Record<string, number>> | undefined;
}

export interface ModelCallInput extends InRunInput, Stoppable {
  /** The model: `gpt-5.5`, or `{ provider, name }`. */
  readonly model?: string | { readonly provider?: string | undefined; readonly name: string } | undefined;
  /**
   * The provider, by OpenTelemetry's name for it:
   *
   * - `openai`: OpenAI.
   * - `anthropic`: Anthropic.
   * - `aws.bedrock`: AWS Bedrock.
   * - `gcp.gemini`: the Gemini API of Google.
   * - `mistral_ai`: Mistral AI.
   *
   * Any other string is accepted.
   */
  readonly provider?: OpenWord<'openai' | 'anthropic' | 'aws.bedrock' | 'gcp.gemini' | 'mistral_ai'> | undefined;
  /**
   * The operation, by OpenTelemetry's name for it:
   *
   * - `chat`: a chat completion.
   * - `generate_content`: the generation of content of several kinds.
   * - `text_completion`: the completion of a text.
   *
   * Any other string is accepted.
   *
   * @defaultValue `'chat'`
   */
  readonly operation?: OpenWord<'chat' | 'generate_content' | 'text_completion'> | undefined;
  /** Content: recorded with `content: 'full'` only. */
  readonly messages?: unknown;
  readonly usage?: Usage | undefined;
  readonly metadata?: Metadata | undefined;
}

/** What is known of the model's response. */
export interface ModelResponse {
  readonly id?: string | undefined;
  /** The model that answered. */
  readonly model?: string | undefined;
  readonly finishReasons?: readonly string[] | undefined;
  /** Content: recorded with `content: 'full'` only. */
  readonly messages?: unknown;
  readonly usage?: Usage | undefined;
}

export interface HandoffRequest {
  /** The id of the session. Default: the enclosing session. */
  readonly sessionId?: string | undefined;
  /** The id of the run that requests the handoff. Default: the enclosing run. */
  readonly sourceRunId?: string | undefined;
  /** The agent, person or queue that is asked to take over. Default: unknown until a run picks the handoff up. */
  readonly target?: HandoffTarget | string | undefined;
  /**
   * Whether control comes back. Without a mode, a handoff is `return_to_caller`, and becomes `pass_control` when a run picks
   * it up after its source has ended.
   */
  readonly mode?: HandoffMode | undefined;
  /** Why the work is handed over. */
  readonly reason?: string | undefined;
  readonly reasonType?: HandoffReasonType | undefined;
  readonly environment?: string | undefined;
  /** What is handed over. */
  readonly payloadSummary?: Summary | undefined;
  /** The size of what the receiver is given. */
  readonly context?: HandoffContext | undefined;
  /**
   * The deadline, in milliseconds from now: any number from 0. A handoff that no agent has taken by then is `expired`, and
   * cannot be taken any more. After its `carrier()` was read, another process may have taken it. Then it stays `requested`
   * and gets the attribute `baton.handoff.overdue`.
   */
  readonly expiresInMs?: number | undefined;
  readonly metadata?: Metadata | undefined;
}

/** What the receiver of a handoff is given. It helps to find out why the receiver did not know something. */
export interface HandoffContext {
  /** The number of messages of the conversation. */
  readonly messages?: number | undefined;
  /** The number of tool calls with their results. */
  readonly toolExecutions?: number | undefined;
  /** The total size in bytes. */
  readonly bytes?: number | undefined;
  /** The keys of the metadata that the receiver is given. */
  readonly metadataKeys?: readonly string[] | undefined;
  /** The names of what was not passed on: `system_prompt`, `tool_results`. */
  readonly filtered?: readonly string[] | undefined;
  /** Content: recorded with `content: 'full'` only. */
  readonly content?: unknown;
}

/** The details of an answer to a handoff. */
export interface HandoffReply {
  /** The reason for a rejection, a return or a failure. */
  readonly reason?: string | undefined;
  /** What the receiver gives back. */
  readonly payloadSummary?: Summary | undefined;
  /** The error that made the handoff fail. */
  readonly error?: unknown;
}

/** An answer to a handoff: to the one that `handoffId` names, else to the one that the run picked up. */
export interface HandoffAnswer extends HandoffReply {
  /** The id of the session. Default: the enclosing session. */
  readonly sessionId?: string | undefined;
  /** The id of the run that answers. Default: the enclosing run. */
  readonly runId?: string | undefined;
  /** The id of the handoff. Default: the handoff that the run picked up. */
  readonly handoffId?: string | undefined;
}

/** A request for an approval of an action. */
export interface ApprovalInput extends InRunInput, Stoppable {
  /** The tool that waits for the approval, or its name. */
  readonly tool?: Tool | string | undefined;
  readonly action?: Action | undefined;
  readonly resource?: Resource | undefined;
  /** The app's own id of the approval. Default: the `traceparent` of its span. */
  readonly id?: string | undefined;
  /** The person or group that is asked, such as `support-leads`. */
  readonly approver?: string | undefined;
  /** Why the action needs an approval. */
  readonly reason?: string | undefined;
  /** What the approver is shown. */
  readonly payloadSummary?: Summary | undefined;
  readonly metadata?: Metadata | undefined;
}

export interface ApprovalDecision {
  /** The person or group that decided. */
  readonly approver?: string | undefined;
  /** Why it was decided so. */
  readonly reason?: string | undefined;
}

/** The decision on an approval that may have been requested in another process, at any earlier time. */
export interface ApprovalAnswer extends InRunInput, ApprovalDecision {
  /** The decision, one of the final values of {@link ApprovalStatus}. Required. */
  readonly status: 'approved' | 'rejected' | 'expired';
  /** The result of `approval.suspend()`. Required, unless `approvalId` is given. */
  readonly carrier?: Carrier | undefined;
  /** The `id` of the approval. Required, unless `carrier` is given. */
  readonly approvalId?: string | undefined;
  /** The tool that waits, as it was given with the request. */
  readonly tool?: Tool | string | undefined;
}

/** An event of the app, recorded as a span event whose name is its type. */
export interface TrackedEvent extends InRunInput {
  /** The name of the event. Required. */
  readonly type: string;
  /** The details: one attribute `baton.metadata.{key}` for each entry. */
  readonly payload?: Metadata | undefined;
}

/** An error that the app handled. It becomes an event, and the span does not fail. */
export interface CapturedError extends InRunInput {
  /** The error. Required. */
  readonly error: unknown;
  readonly metadata?: Metadata | undefined;
}
