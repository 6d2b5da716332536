import type { Context } from '@opentelemetry/api';
import { randomSessionId } from '../context/place.ts';
import type { Agent } from '../model.ts';
import type { Belonging } from '../span-model.ts';
import type { Activity } from './activity.ts';
import type { Around } from './around.ts';
import { Handoffs } from './handoffs.ts';
import type { RunChain } from './long-session.ts';
import type { Recorder } from './recorder.ts';
import { registry, remember } from './registry.ts';

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
  private shadowed: SessionRecord | undefined;
  #open: Activity | undefined;

  constructor(
    recorder: Recorder,
    context: Context,
    sessionId: string = randomSessionId(),
    userId?: string,
    conversationId?: string,
  ) {
    this.agent = recorder.agent;
    this.context = context;
    this.sessionId = sessionId;
    this.userId = userId;
    this.conversationId = conversationId;
  }

  /** Makes the session known by its id. */
  enlist(recorder: Recorder): this {
    this.shadowed = registry.sessions.get(this.sessionId);
    remember(registry.sessions, this.sessionId, this, recorder.diagnostics);
    return this;
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
  private delist(): void {
    const { shadowed } = this;
    this.shadowed = undefined;
    let newer = registry.sessions.get(this.sessionId);
    if (newer === this) {
      if (shadowed) registry.sessions.set(this.sessionId, shadowed);
      else registry.sessions.delete(this.sessionId);
      return;
    }
    while (newer && newer.shadowed !== this) newer = newer.shadowed;
    if (newer) newer.shadowed = shadowed;
  }
}
