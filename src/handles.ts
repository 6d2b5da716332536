/** What a callback or a `start…` call gets: the ids, and setters for what is known only at the end. */
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

// Named here, because a TypeScript without `lib: esnext.disposable` or `@types/node` does not know them.
declare global {
  interface SymbolConstructor {
    readonly dispose: unique symbol;
    readonly asyncDispose: unique symbol;
  }
}

/** Common to everything that lasts. In a callback it ends by itself; after `start…` call `end()`, or `await using` it. */
export interface Scoped {
  /** Adds metadata that was not known at the start. */
  setMetadata(metadata: Metadata): void;
  /** Runs `fn` inside this scope, so that what happens there needs no ids. Does not end the scope. */
  within<T>(fn: () => T): T;
  /** Ends the span. A second call does nothing. */
  end(): void;
  /** Ends the span as failed, or as cancelled when the error is an `AbortError`. */
  fail(error: unknown): void;
  [Symbol.dispose](): void;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface Session extends Scoped {
  /** The app's own id, or a random UUID. */
  readonly id: string;
  /** The handoffs of this session so far. */
  readonly handoffs: SessionHandoffs;
  setOutputSummary(summary: Summary): void;
  /**
   * Ends this part of the session as `suspended`, with what is still open in it. `resumeSession` goes on with what it gives:
   * in another process, days later.
   */
  suspend(): Carrier;
}

export interface Run extends Scoped {
  /** A W3C `traceparent`: names this run in any process. */
  readonly id: string;
  readonly sessionId: string;
  /** What this run picked up; `undefined` when nobody handed it anything, and while nothing is recorded. */
  readonly handoff: ReceivedHandoff | undefined;
  setOutputSummary(summary: Summary): void;
  /** What the run consumed. Default: the sum of its model calls. */
  setUsage(usage: Usage): void;
  /** Who runs, when it is known only now. */
  setAgent(agent: Agent | string): void;
}

export interface WorkflowStep extends Scoped {
  setPayloadSummary(summary: Summary): void;
}

export interface ToolCall extends Scoped {
  /** Content: recorded with `content: 'full'` only. */
  setResult(result: unknown): void;
  /** True when the result came from an earlier call with the same idempotency key. */
  setCached(cached: boolean): void;
}

export interface ModelCall extends Scoped {
  setResponse(response: ModelResponse): void;
  setUsage(usage: Usage): void;
}

/** Somebody was asked. The first word counts and ends it. */
export interface Approval extends Scoped {
  /** The app's own id, or a W3C `traceparent`. */
  readonly id: string;
  approve(decision?: ApprovalDecision): void;
  reject(decision?: ApprovalDecision): void;
  /** Nobody decided in time. */
  expire(): void;
  /** Ends the wait here without a decision. `resolveApproval` takes what it gives: in another process, days later. */
  suspend(): Carrier;
}

export interface Handoff {
  /** A W3C `traceparent`: names this handoff in any process. */
  readonly id: string;
  /** What another process needs to pick it up: W3C headers and ids, no content. HTTP headers take it as it is. */
  carrier(): Record<string, string>;
}

/**
 * A handoff in the hands of the run that picked it up. A run that ends without a word has accepted it. What cannot follow on
 * what was said before (a rejection on an acceptance, say) is a warning `handoff_already_answered`.
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
  readonly id: string;
  /** Key of the agent that hands over; `undefined` where only the id is known. */
  readonly source: string | undefined;
  /** The work is taken. */
  accept(reply?: HandoffReply): void;
  /** The work is done. Who has not accepted it before does so by that. */
  complete(reply?: HandoffReply): void;
  /** The work is not taken: a decision, not an error. */
  reject(reply?: HandoffReply): void;
  /** The work goes back to whoever handed it over. */
  return(reply?: HandoffReply): void;
  /** Taking it over, or doing it, went wrong: `fail({ error })`. */
  fail(reply?: HandoffReply): void;
}

/** The handoffs of a session: who handed to whom, and what came of it. Empty while nothing is recorded. */
export interface SessionHandoffs extends Iterable<HandoffRecord> {
  /** How many were requested. */
  readonly count: number;
  /** `triage → billing`; a fan-out is `planner → search, planner → write`, a return `triage → billing → triage`. */
  path(): string;
  statistics(): HandoffStatistics;
}

export interface HandoffRecord {
  readonly id: string;
  /** Agent keys. */
  readonly source: string;
  readonly target: string | undefined;
  readonly mode: HandoffMode;
  readonly status: HandoffStatus;
  readonly reason: string | undefined;
  /** Milliseconds from the request to its first answer. */
  readonly waitMs: number | undefined;
}

export interface HandoffStatistics {
  readonly totalHandoffs: number;
  readonly path: string;
  /** How many agents took part. */
  readonly agentsInvolved: number;
  /** Their keys, in the order of their first run. */
  readonly agents: readonly string[];
  readonly byStatus: Readonly<Partial<Record<HandoffStatus, number>>>;
  /** True when a pair of agents handed the same work to and fro. */
  readonly loop: boolean;
}
