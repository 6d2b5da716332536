import { type Context, trace } from '@opentelemetry/api';
import { randomSessionId } from '../context/place.ts';
import { withScope } from '../context/scope.ts';
import type { Diagnostics } from '../diagnostics.ts';
import type { Agent } from '../model.ts';
import type { Belonging } from '../span-model.ts';
import type { Activity } from '../scopes/scope.ts';
import type { Around } from './resolve.ts';
import { Handoffs } from '../handoffs/ledger.ts';
import { sessionMarkOf } from './runs.ts';
import type { RunChain } from '../scopes/long-session.ts';
import type { Recorder } from '../tracing/recorder.ts';
import { registry } from './enclosing-scope.ts';

/** Attribute arrays are not cut by backends, and a list of a thousand agents helps nobody. */
const MOST_AGENTS = 256;

/**
 * The bookkeeping of one session in this process: who took part, what is open, what was handed over. A session of the
 * app has one beside its span; a run outside any session gets one without a span, so that it can be found and replayed.
 */
export class SessionRecord implements Belonging, Around {
  readonly sessionId: string;
  readonly userId: string | undefined;
  readonly conversationId: string | undefined;
  readonly agent: Agent;
  /** Keys of the agents that ran, in the order of their first run. */
  readonly agents: Set<string> = new Set();
  readonly handoffs: Handoffs = new Handoffs(this.agents);
  /** Ends the session: its own span, or the run that stands outside any session. */
  owner: Activity | undefined;
  /** Where to hang what names only the session. */
  context: Context;
  readonly record: this = this;
  readonly run = undefined;
  readonly runId = undefined;
  /** What its runs know of each other, when each has a trace of its own. */
  chain: RunChain | undefined;
  /** The session has ended; what still comes belongs to it by its id alone. */
  over = false;
  /** Open sessions of the same id: the one before this one, and the one after. */
  private shadowed: SessionRecord | undefined;
  private shadowedBy: SessionRecord | undefined;
  #open: Activity | undefined;
  #mark: number | undefined;

  constructor(
    recorder: Recorder,
    context: Context,
    sessionId: string = randomSessionId(),
    userId?: string,
    conversationId?: string,
  ) {
    this.agent = recorder.agent;
    // Not the scope around: a chain of sessions would keep all there were.
    this.context = withScope(context, trace.getSpan(context), this);
    this.sessionId = sessionId;
    this.userId = userId;
    this.conversationId = conversationId;
  }

  /** Makes the session known by its id. */
  enlist(): this {
    this.shadowed = registry.sessions.get(this.sessionId);
    if (this.shadowed) this.shadowed.shadowedBy = this;
    registry.sessions.set(this.sessionId, this);
    return this;
  }

  /** For what keeps no text of it. */
  get mark(): number {
    this.#mark ??= sessionMarkOf(this.sessionId);
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
      `more than ${MOST_AGENTS} agents in one session: it names the first ones; give agents keys that do not change`,
    );
  }

  get activity(): Activity | undefined {
    return this.owner;
  }

  opened(activity: Activity): void {
    activity.before = this.#open;
    if (this.#open) this.#open.after = activity;
    this.#open = activity;
  }

  closed(activity: Activity): void {
    const { before, after } = activity;
    if (before) before.after = after;
    if (after) after.before = before;
    else if (this.#open === activity) this.#open = before;
    activity.before = undefined;
    activity.after = undefined;
  }

  /** Ends what is still open, the innermost first, and leaves no handoff hanging. */
  close(as: 'abandoned' | 'suspended'): void {
    while (this.#open) this.#open.abandon(as);
    this.handoffs.closeAll();
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
    if (registry.sessions.get(this.sessionId) !== this) return;
    if (shadowed) registry.sessions.set(this.sessionId, shadowed);
    else registry.sessions.delete(this.sessionId);
  }
}
