/** The handles that a callback or a `start…` call gets: ids, and setters for what is known only at the end. */
import type {
  Agent,
  ApprovalDecision,
  Carrier,
  HandoffMode,
  HandoffReply,
  HandoffStatus,
  Metadata,
  ModelResponse,
  Summary,
  Usage,
} from './model.ts';

// Declared here, because TypeScript without `lib: esnext.disposable` or `@types/node` does not know them.
declare global {
  interface SymbolConstructor {
    readonly dispose: unique symbol;
    readonly asyncDispose: unique symbol;
  }
}

/**
 * The common part of all handles of a scope. With a callback, the scope ends at the completion of the callback's result.
 * After a `start…` call, end it yourself: call `end()`, or use `await using`.
 */
export interface Scoped {
  /** Adds metadata that was not known at the start. */
  setMetadata(metadata: Metadata): void;
  /** Runs `fn` inside this scope, so that calls in `fn` need no ids. Does not end the scope. Returns the result of `fn`. */
  within<T>(fn: () => T): T;
  /** Ends the span. A second call is a no-op. */
  end(): void;
  /** Ends the span as failed, or as cancelled when the error is an `AbortError`. */
  fail(error: unknown): void;
  /** Ends the span, for `using`. */
  [Symbol.dispose](): void;
  /** Ends the span, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A session that has started. */
export interface Session extends Scoped {
  /** The app's own id, or a random UUID. */
  readonly id: string;
  /** The handoffs of this session so far. */
  readonly handoffs: SessionHandoffs;
  /** What the session produced. */
  setOutputSummary(summary: Summary): void;
  /**
   * Ends this part of the session as `suspended`, together with every scope that is still open in it. Give the carrier
   * that it returns to `resumeSession`, in any process and at any later time.
   */
  suspend(): Carrier;
}

/** A run that has started: one agent at work. */
export interface Run extends Scoped {
  /** A W3C `traceparent` that identifies this run in any process. */
  readonly id: string;
  readonly sessionId: string;
  /** The handoff that this run picked up. `undefined` when there is none, and while nothing is recorded. */
  readonly handoff: ReceivedHandoff | undefined;
  /** What the run produced. */
  setOutputSummary(summary: Summary): void;
  /** What the run consumed. Default: the sum of its model calls. */
  setUsage(usage: Usage): void;
  /** The agent that runs, when it is not known at the start. */
  setAgent(agent: Agent | string): void;
}

/** A step that has started. */
export interface WorkflowStep extends Scoped {
  /** What the step works on. */
  setPayloadSummary(summary: Summary): void;
}

/** A tool call that has started. */
export interface ToolCall extends Scoped {
  /** The result of the tool. It is content: recorded with `content: 'full'` only. */
  setResult(result: unknown): void;
  /** True when the result came from an earlier call with the same idempotency key. */
  setCached(cached: boolean): void;
}

/** A model call that has started. */
export interface ModelCall extends Scoped {
  /** What is known of the model's response. */
  setResponse(response: ModelResponse): void;
  /** What the call consumed. */
  setUsage(usage: Usage): void;
}

/** An approval that was requested. The first decision counts and ends the wait. */
export interface Approval extends Scoped {
  /** The app's own id, or a W3C `traceparent`. */
  readonly id: string;
  /** The action is allowed. */
  approve(decision?: ApprovalDecision): void;
  /** The action is not allowed. */
  reject(decision?: ApprovalDecision): void;
  /** Nobody decided in time. */
  expire(): void;
  /**
   * Ends the wait without a decision. Give the carrier that it returns to `resolveApproval`, in any process and at any
   * later time.
   */
  suspend(): Carrier;
}

/** A handoff that was requested. */
export interface Handoff {
  /** A W3C `traceparent` that identifies this handoff in any process. */
  readonly id: string;
  /**
   * What another process needs to pick the handoff up: W3C headers and ids, without content. It can be sent as HTTP headers
   * without conversion.
   */
  carrier(): Record<string, string>;
}

/**
 * A handoff, as the run that picked it up sees it. A run that ends without an answer has accepted it. An answer that cannot
 * follow the answer before it, such as a rejection after an acceptance, causes a warning `handoff_already_answered`.
 *
 * @example
 * ```ts
 * await baton.withRun({ agent: 'billing', carrier: job.carrier }, async (run) => {
 *   run.handoff?.accept();
 *   await refund(job.order);
 *   run.handoff?.complete({ payloadSummary: 'Refunded' });
 * });
 * ```
 */
export interface ReceivedHandoff {
  /** A W3C `traceparent`: the `id` of the {@link Handoff}. */
  readonly id: string;
  /** The key of the agent that requested the handoff. `undefined` where only the id is known. */
  readonly source: string | undefined;
  /** The run takes over the work. */
  accept(reply?: HandoffReply): void;
  /** The run has finished the work. Without an `accept` before, this also accepts the handoff. */
  complete(reply?: HandoffReply): void;
  /** The run does not take over the work. This is a decision, not an error. */
  reject(reply?: HandoffReply): void;
  /** The run gives the work back to the source. */
  return(reply?: HandoffReply): void;
  /** The run could not take over the work, or could not finish it: `fail({ error })`. */
  fail(reply?: HandoffReply): void;
}

/** The handoffs of a session, with source, target and status. Empty while nothing is recorded. */
export interface SessionHandoffs extends Iterable<HandoffRecord> {
  /** The number of handoffs that were requested. */
  readonly count: number;
  /**
   * The agents in the order of the work: `triage → billing`. A fan-out is `planner → search, planner → write`, a return is
   * `triage → billing → triage`.
   */
  path(): string;
  /** The counts of these handoffs, and the path. */
  statistics(): HandoffStatistics;
}

/** One handoff of a session. */
export interface HandoffRecord {
  /** A W3C `traceparent`: the `id` of the {@link Handoff}. */
  readonly id: string;
  /** The key of the agent that requested the handoff. */
  readonly source: string;
  /** The key of the target. `undefined` while no target is known. */
  readonly target: string | undefined;
  readonly mode: HandoffMode;
  readonly status: HandoffStatus;
  readonly reason: string | undefined;
  /** Milliseconds from the request to its first answer. */
  readonly waitMs: number | undefined;
}

/** The counts of a session's handoffs. The replay has a type of its own for this: `HandoffSummary`. */
export interface HandoffStatistics {
  readonly totalHandoffs: number;
  /** The same as `path()` of {@link SessionHandoffs}. */
  readonly path: string;
  /** The number of agents that took part. */
  readonly agentsInvolved: number;
  /** The keys of the agents that took part, in the order of their first run. */
  readonly agents: readonly string[];
  /** The number of handoffs for each status: `{ accepted: 2, rejected: 1 }`. */
  readonly byStatus: Readonly<Partial<Record<HandoffStatus, number>>>;
  /** True when the same work went to and fro between the same two agents. */
  readonly loop: boolean;
}
