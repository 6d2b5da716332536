import { type Context, type SpanContext, trace } from '@opentelemetry/api';
import { ById } from '../by-id.ts';
import { withScope } from '../context/scope.ts';
import { randomSessionId } from '../context/traceparent.ts';
import type { Diagnostics } from '../diagnostics.ts';
import type { Agent } from '../model.ts';
import { shared } from '../shared.ts';
import type { Belonging } from '../span-model.ts';
import type { Recorder } from '../tracing/recorder.ts';
import type { OpenScope } from './open-scopes.ts';
import type { RunChain } from './run-chain.ts';

/** Attribute arrays are not cut by backends, and a list of a thousand agents helps nobody. */
const MOST_AGENTS = 256;

/** As many as may be open. */
const open = shared('sessions', () => new ById<SessionRecord>(Number.POSITIVE_INFINITY));
/** Ids of open sessions that the sampler dropped: what names them is dropped with them. */
export const droppedSessions: ById<SpanContext> = shared('dropped-sessions', () => new ById<SpanContext>());

export function openSession(id: string): SessionRecord | undefined {
  return open.get(id);
}

/** What a session knows of its handoffs. */
export interface HandoffsOfSession {
  /** The session is over, or nobody is there who would end it: nothing stays open. */
  closeAll(): void;
}

/**
 * The bookkeeping of one session in this process: who took part, what is open, what was handed over. A session of the
 * app has one beside its span; a run outside any session gets one without a span, so that it can be found and replayed.
 */
export class SessionRecord implements Belonging {
  readonly sessionId: string;
  readonly userId: string | undefined;
  readonly conversationId: string | undefined;
  readonly agent: Agent;
  /** Keys of the agents that ran, in the order of their first run. */
  readonly agents: Set<string> = new Set();
  /** Those that were asked for in it, once there is one. */
  handoffs: HandoffsOfSession | undefined;
  /** Ends the session: its own span, or the run that stands outside any session. */
  owner: OpenScope | undefined;
  /** Where to hang what names only the session. */
  context: Context;
  readonly record: this = this;
  readonly run = undefined;
  readonly runId = undefined;
  /** What its runs know of each other, when each has a trace of its own. */
  chain: RunChain | undefined;
  /** The session has ended; what still comes belongs to it by its id alone. */
  over = false;
  /** It lives in another process: each run here has a record of its own, which ends with it. */
  readonly isElsewhere: boolean;
  /** Open sessions of the same id: the one before this one, and the one after. */
  private shadowed: SessionRecord | undefined;
  private shadowedBy: SessionRecord | undefined;
  #open: OpenScope | undefined;
  #mark: number | undefined;

  constructor(
    recorder: Recorder,
    context: Context,
    sessionId: string = randomSessionId(),
    userId?: string,
    conversationId?: string,
    isElsewhere = false,
  ) {
    this.agent = recorder.agent;
    // Not the scope around: a chain of sessions would keep all there were.
    this.context = withScope(context, trace.getSpan(context), this);
    this.sessionId = sessionId;
    this.userId = userId;
    this.conversationId = conversationId;
    this.isElsewhere = isElsewhere;
  }

  /** Makes the session known by its id. */
  enlist(): this {
    this.shadowed = open.get(this.sessionId);
    if (this.shadowed) this.shadowed.shadowedBy = this;
    open.set(this.sessionId, this);
    return this;
  }

  /** For what keeps no text of it. */
  get mark(): number {
    this.#mark ??= markOf(this.sessionId);
    return this.#mark;
  }

  /** An agent is at work in it. */
  joinedBy(agentKey: string, diagnostics: Diagnostics): void {
    if (this.agents.size < MOST_AGENTS || this.agents.has(agentKey)) {
      this.agents.add(agentKey);
      return;
    }
    diagnostics.warn(
      'too_many_agents',
      `more than ${MOST_AGENTS} agents in one session: only the first ones are listed; give agents keys that do not change`,
    );
  }

  get scope(): OpenScope | undefined {
    return this.owner;
  }

  opened(scope: OpenScope): void {
    scope.before = this.#open;
    if (this.#open) this.#open.after = scope;
    this.#open = scope;
  }

  closed(scope: OpenScope): void {
    const { before, after } = scope;
    if (before) before.after = after;
    if (after) after.before = before;
    else if (this.#open === scope) this.#open = before;
    scope.before = undefined;
    scope.after = undefined;
  }

  /** Ends what is still open, the innermost first, and leaves no handoff hanging. */
  close(as: 'abandoned' | 'suspended'): void {
    while (this.#open) this.#open.abandon(as);
    this.handoffs?.closeAll();
    this.over = true;
    this.delist();
  }

  /** Two sessions may have the same id at once: the newest that is open answers to it. */
  delist(): void {
    const { shadowed, shadowedBy } = this;
    this.shadowed = undefined;
    this.shadowedBy = undefined;
    if (shadowed) shadowed.shadowedBy = shadowedBy;
    if (shadowedBy) shadowedBy.shadowed = shadowed;
    if (open.get(this.sessionId) !== this) return;
    if (shadowed) open.set(this.sessionId, shadowed);
    else open.delete(this.sessionId);
  }
}

/** The session with that id: of this process, else of another. */
export function sessionById(recorder: Recorder, active: Context, sessionId: string): SessionRecord {
  return open.get(sessionId) ?? new SessionRecord(recorder, active, sessionId, undefined, undefined, true);
}

/** For what keeps no text of it. */
function markOf(sessionId: string): number {
  let mark = 0;
  for (let index = 0; index < sessionId.length; index++) mark = Math.imul(mark, 31) + sessionId.charCodeAt(index);
  return mark >>> 0;
}
