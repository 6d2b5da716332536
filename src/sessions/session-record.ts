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

/** Backends do not cut attribute arrays, and a list of a thousand agents helps nobody. */
const MOST_AGENTS = 256;

/** As many as may be open. */
const open = shared('sessions', () => new ById<SessionRecord>(Number.POSITIVE_INFINITY));
/** Open sessions that were not sampled, by id. Scopes that name them are dropped, too. */
export const droppedSessions: ById<SpanContext> = shared('dropped-sessions', () => new ById<SpanContext>());

export function openSession(id: string): SessionRecord | undefined {
  return open.get(id);
}

/** What a session calls on its handoffs. */
export interface HandoffsOfSession {
  /** Closes all handoffs, because the session has ended or has no owner that would end it. */
  closeAll(): void;
}

/**
 * The state of one session in this process: its agents, open scopes and handoffs. A session of the app has a record
 * beside its span. A run outside any session gets a record without a span, so that it can be found and replayed.
 */
export class SessionRecord implements Belonging {
  readonly sessionId: string;
  readonly userId: string | undefined;
  readonly conversationId: string | undefined;
  readonly agent: Agent;
  /** Keys of the agents that ran, in the order of their first run. */
  readonly agents: Set<string> = new Set();
  /** The handoffs that were requested in it, once there is one. */
  handoffs: HandoffsOfSession | undefined;
  /** The scope that ends the session: its own span, or a run outside any session. */
  owner: OpenScope | undefined;
  /** The context for spans that name only the session. */
  context: Context;
  readonly record: this = this;
  readonly run = undefined;
  readonly runId = undefined;
  /** The order of its runs, when each has its own trace. */
  chain: RunChain | undefined;
  /** The session has ended; later spans belong to it only by its id. */
  over = false;
  /** The session lives in another process. Each run here then has its own record, which ends with the run. */
  readonly isElsewhere: boolean;
  /** Open sessions with the same id: the one before this one, and the one after. */
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
    // Without the scope of `context`: a chain of sessions would keep all of them alive.
    this.context = withScope(context, trace.getSpan(context), this);
    this.sessionId = sessionId;
    this.userId = userId;
    this.conversationId = conversationId;
    this.isElsewhere = isElsewhere;
  }

  /** Registers the session by its id. */
  enlist(): this {
    this.shadowed = open.get(this.sessionId);
    if (this.shadowed) this.shadowed.shadowedBy = this;
    open.set(this.sessionId, this);
    return this;
  }

  /** A number in place of the id, for code that must not keep strings. */
  get mark(): number {
    this.#mark ??= markOf(this.sessionId);
    return this.#mark;
  }

  /** Notes that an agent runs in it. */
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

  /** Ends its open scopes, the innermost first, and closes its handoffs. */
  close(as: 'abandoned' | 'suspended'): void {
    while (this.#open) this.#open.abandon(as);
    this.handoffs?.closeAll();
    this.over = true;
    this.delist();
  }

  /** Unregisters the session. Two open sessions may have the same id; the newest one is found by it. */
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

/** The session with that id: of this process, or else of another. */
export function sessionById(recorder: Recorder, active: Context, sessionId: string): SessionRecord {
  return open.get(sessionId) ?? new SessionRecord(recorder, active, sessionId, undefined, undefined, true);
}

/** A number in place of the id, for code that must not keep strings. */
function markOf(sessionId: string): number {
  let mark = 0;
  for (let index = 0; index < sessionId.length; index++) mark = Math.imul(mark, 31) + sessionId.charCodeAt(index);
  return mark >>> 0;
}
