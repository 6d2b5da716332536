/**
 * A session as people would tell it. Plain data: numbers, texts, lists, no class and no bigint, so that
 * `JSON.stringify` takes it as it is. What was not recorded is missing.
 */
export interface SessionTimeline {
  readonly id: string;
  /** `pipeline`, `multi_agent`, `single_agent`, or the app's own word. */
  readonly kind?: string | undefined;
  /** Name of the workflow; the kind, where the app gave none. */
  readonly name?: string | undefined;
  /** `completed`, `failed` or `cancelled`, of the last session span. */
  readonly status?: string | undefined;
  readonly error?: TimelineError | undefined;
  /** Start of its first span, in Unix milliseconds with a fraction: good to the microsecond. */
  readonly startUnixMs: number;
  /** From the start of its first span to the end of its last. */
  readonly durationMs: number;
  readonly inputSummary?: string | undefined;
  readonly outputSummary?: string | undefined;
  readonly environment?: string | undefined;
  /** The session that this one continues. */
  readonly previousId?: string | undefined;
  readonly metadata: TimelineAttributes;
  /** Metadata entries that were over the limit when they were recorded. */
  readonly metadataDropped?: number | undefined;
  /** Events of the session itself. */
  readonly events: readonly TimelineEvent[];
  /** What happened, oldest first; inside an entry, its children likewise. */
  readonly entries: readonly TimelineEntry[];
  /** Every handoff, in the order of asking. */
  readonly handoffs: readonly ReplayedHandoff[];
  readonly statistics: HandoffSummary;
  /** Where things failed first: an error that went up through callers counts once. */
  readonly failures: readonly TimelineFailure[];
  readonly usage?: TimelineUsage | undefined;
  /** All traces that the session spreads over, to find it in a backend. */
  readonly traceIds: readonly string[];
  readonly spanCount: number;
  /** What the limits of an SDK kept out of its spans, all together. */
  readonly dropped?: TimelineDrops | undefined;
  /** How many handoffs the session counted that are not among the spans read. */
  readonly missingHandoffs?: number | undefined;
  /** None for runs outside any session or when it was lost, several for a session that was resumed. */
  readonly sessionSpanCount: number;
  /** How many parent spans were not among those read: more than none, and the picture has holes. */
  readonly missingParents: number;
  /** Clocks that were behind: the times of what was recorded there are moved on, so that effects follow their causes. */
  readonly clockSkews?: readonly ClockSkew[] | undefined;
}

/** The clock of one process against that of another. Both are named by the agents that ran there. */
export interface ClockSkew {
  readonly clock: string;
  readonly than: string;
  /** At least; all times of that process are moved on by it. */
  readonly behindMs: number;
}

export type TimelineAttributes = Readonly<Record<string, unknown>>;

export interface TimelineAgent {
  readonly key: string;
  /** For people; the key, where no name was recorded. */
  readonly name: string;
}

export interface TimelineError {
  /** `error.type`: a word or a class name. */
  readonly type?: string | undefined;
  readonly message?: string | undefined;
}

/** Something the app told of, by `track` or on the span itself. */
export interface TimelineEvent {
  readonly name: string;
  readonly startUnixMs: number;
  /** Since the session's start. */
  readonly offsetMs: number;
  readonly attributes: TimelineAttributes;
}

/** How many attributes, events and links there were beyond the limits of an SDK. */
export interface TimelineDrops {
  readonly attributes: number;
  readonly events: number;
  readonly links: number;
}

export interface TimelineStep {
  readonly key?: string | undefined;
  readonly name?: string | undefined;
  readonly index?: number | undefined;
}

export interface TimelineUsage {
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
  readonly cacheReadTokens?: number | undefined;
  readonly cacheCreationTokens?: number | undefined;
  readonly reasoningTokens?: number | undefined;
  /** Amount per currency: `{ usd: 0.0031 }`. */
  readonly cost?: Readonly<Record<string, number>> | undefined;
}

/** What every entry has, whatever it is. */
export interface EntryCore {
  readonly traceId: string;
  readonly spanId: string;
  /** The span's own name. */
  readonly name: string;
  /** Name of the instrumentation that recorded it: `otel-baton`, where it is Baton's own. */
  readonly scope?: string | undefined;
  readonly startUnixMs: number;
  /** Since the session's start. */
  readonly offsetMs: number;
  readonly durationMs: number;
  readonly agent?: TimelineAgent | undefined;
  /** `orchestrator`, `worker`, or the app's own word. */
  readonly role?: string | undefined;
  readonly step?: TimelineStep | undefined;
  readonly status?: string | undefined;
  readonly error?: TimelineError | undefined;
  readonly inputSummary?: string | undefined;
  readonly outputSummary?: string | undefined;
  readonly metadata: TimelineAttributes;
  readonly metadataDropped?: number | undefined;
  /** Prompts and answers as a framework recorded them beside input and output, by the names of their attributes. */
  readonly content?: TimelineAttributes | undefined;
  readonly events: readonly TimelineEvent[];
  readonly dropped?: TimelineDrops | undefined;
  readonly usage?: TimelineUsage | undefined;
  readonly children: readonly TimelineEntry[];
}

/** One agent at work; a child run where `parentId` is set. */
export interface RunEntry extends EntryCore {
  readonly type: 'run';
  readonly id: string;
  readonly parentId?: string | undefined;
  /** The handoffs that it picked up. */
  readonly pickedUp: readonly HandoffPickup[];
}

export interface HandoffPickup {
  readonly handoffId: string;
  readonly source?: TimelineAgent | undefined;
}

export interface StepEntry extends EntryCore {
  readonly type: 'step';
}

export interface ToolEntry extends EntryCore {
  readonly type: 'tool';
  readonly tool: {
    readonly name?: string | undefined;
    readonly provider?: string | undefined;
    readonly type?: string | undefined;
    readonly riskLevel?: string | undefined;
    readonly callId?: string | undefined;
    readonly idempotencyKey?: string | undefined;
    readonly cached?: boolean | undefined;
  };
  readonly action?: { readonly type?: string | undefined; readonly name?: string | undefined } | undefined;
  readonly resource?: TimelineResource | undefined;
}

export interface TimelineResource {
  readonly type?: string | undefined;
  readonly id?: string | undefined;
  readonly provider?: string | undefined;
  readonly environment?: string | undefined;
}

export interface ModelCallEntry extends EntryCore {
  readonly type: 'model-call';
  /** `chat`, `generate_content`, `embeddings` … */
  readonly operation: string;
  readonly model?: string | undefined;
  readonly provider?: string | undefined;
  readonly finishReasons: readonly string[];
}

export interface HandoffEntry extends EntryCore {
  readonly type: 'handoff';
  readonly handoff: ReplayedHandoff;
}

export interface ApprovalEntry extends EntryCore {
  readonly type: 'approval';
  readonly approvalId?: string | undefined;
  /** Milliseconds from the request to the decision, also when that came in another process. */
  readonly waitMs?: number | undefined;
  /** Who was asked, then who decided. */
  readonly approver?: string | undefined;
  readonly reason?: string | undefined;
  readonly decisionReason?: string | undefined;
}

/** A span of somebody else: an HTTP request, a database query. */
export interface ForeignEntry extends EntryCore {
  readonly type: 'foreign';
  readonly kind: string;
  readonly scope: string;
}

/** What happened, by kind. Tell them apart by `type`. */
export type TimelineEntry =
  | RunEntry
  | StepEntry
  | ToolEntry
  | ModelCallEntry
  | HandoffEntry
  | ApprovalEntry
  | ForeignEntry;

/**
 * A handoff as it was recorded: the request, its answers and the run that picked it up. The handle of a handoff that is being
 * recorded is `Handoff` of `otel-baton`.
 */
export interface ReplayedHandoff {
  /** One that a framework recorded, and `pipelineSpans({ handoffs: true })` linked, has the place of the agent that took over. */
  readonly id: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly source?: TimelineAgent | undefined;
  /** Who was asked. Missing, where nobody was named and nobody picked it up. */
  readonly target?: TimelineAgent | undefined;
  /** `human` or `queue`, when it is no agent. */
  readonly targetKind?: string | undefined;
  /** `pass_control` or `return_to_caller`. */
  readonly mode?: string | undefined;
  readonly reason?: string | undefined;
  readonly reasonType?: string | undefined;
  readonly payloadSummary?: string | undefined;
  /**
   * Where it stands: what the last answer says, else what the request says. `requested`: nobody answered.
   * Otherwise `accepted`, `completed`, `rejected`, `returned`, `failed` or `expired`.
   */
  readonly status: string;
  /** Its deadline passed before its sender knew of an answer. */
  readonly overdue?: boolean | undefined;
  readonly error?: TimelineError | undefined;
  readonly startUnixMs: number;
  /** When it was asked for, since the session's start. */
  readonly offsetMs: number;
  /** From the request to its first answer; without one, to the end of the asking. */
  readonly waitMs?: number | undefined;
  /** Oldest first. */
  readonly answers: readonly HandoffAnswerRecord[];
  /** The run that picked it up; the first one, where it was tried several times. */
  readonly receiver?: HandoffReceiver | undefined;
}

export interface HandoffAnswerRecord {
  readonly status: string;
  /** Since the session's start. */
  readonly offsetMs: number;
  /** Since the request. */
  readonly afterMs: number;
  readonly agent?: TimelineAgent | undefined;
  readonly reason?: string | undefined;
  readonly payloadSummary?: string | undefined;
  readonly error?: TimelineError | undefined;
}

export interface HandoffReceiver {
  readonly runId: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly agent?: TimelineAgent | undefined;
}

/** The handoffs of a recorded session, counted. For a session that is being recorded, see `HandoffStatistics` of `otel-baton`. */
export interface HandoffSummary {
  readonly count: number;
  /** How often each status: `{ accepted: 2, rejected: 1 }`. */
  readonly byStatus: Readonly<Record<string, number>>;
  /**
   * Where the work went, by names: `A → B → C`; a break in the chain is a comma: `A → B, A → C`. What nobody took, and
   * what was rejected, went nowhere. Without any handoff, the first agent.
   */
  readonly path: string;
  /** The same as lists of agents, a chain each. */
  readonly chains: readonly (readonly TimelineAgent[])[];
  /** Everybody who ran, asked or answered, in order of appearance. */
  readonly agents: readonly TimelineAgent[];
  /** The same two agents had the same piece of work before. */
  readonly loop: boolean;
}

export interface TimelineFailure extends TimelineError {
  readonly traceId: string;
  readonly spanId: string;
  /** Name of the span that failed. */
  readonly name: string;
  readonly offsetMs: number;
  readonly agent?: TimelineAgent | undefined;
}
