import type { HandoffRecord, HandoffStatistics, SessionHandoffs } from '../handles.ts';
import {
  type AnswerFacts,
  chainsOf,
  goesInCircles,
  noteSentBack,
  pathText,
  type SentBack,
  summarise,
} from '../handoff-path.ts';
import type { HandoffStatus } from '../model.ts';
import type { HandoffsOfSession, SessionRecord } from '../sessions/session-record.ts';
import { now } from '../tracing/clock.ts';
import { waitingElsewhere } from './elsewhere.ts';
import type { Handoff, HandoffLedger } from './handoff.ts';
import { Waiting } from './waiting.ts';

/** A session may last for months: beyond this many handoffs, the oldest are only counted. */
const MAX_KEPT = 10_000;
/** Backends do not cut attribute arrays, and a path of a thousand agents helps nobody. */
const MAX_PATH = 256;
/** Maximum number of handoffs that are checked for one to drop. */
const LOOKED_AT = 100;

/** The handoffs that were requested in one session, in the order of their requests. */
export class Ledger implements SessionHandoffs, HandoffsOfSession, HandoffLedger {
  count = 0;
  /** Handoffs that a run may still pick up. */
  readonly waiting: Waiting<Handoff>;
  /** The session lives in another process, so its waiting handoffs outlive this ledger. */
  readonly #isShared: boolean;
  /** Keys of the agents that ran, in the order of their first run. */
  readonly #agents: ReadonlySet<string>;
  /** Dropped handoffs leave a gap until gaps are half of the list. */
  #all: (Handoff | undefined)[] = [];
  #kept = 0;
  /** Where the search for the next to drop starts; all before are dropped. */
  #oldest = 0;
  /** Number of handoffs when `closeAll` last ran. */
  #closed = 0;
  /** Counts by status of the handoffs that are no longer kept. */
  #counted: Partial<Record<HandoffStatus, number>> | undefined;
  #sentBack: SentBack | undefined;
  #loop = false;

  constructor({ agents, isElsewhere, sessionId }: SessionRecord) {
    this.#agents = agents;
    this.#isShared = isElsewhere;
    this.waiting = isElsewhere ? waitingElsewhere(sessionId) : new Waiting();
  }

  add(handoff: Handoff): void {
    this.count++;
    if (this.#kept >= MAX_KEPT) this.#dropOldest();
    this.#kept++;
    // `push` into an empty list allocates room for seventeen items, and most sessions have one handoff.
    if (this.#all.length === 0) this.#all = [handoff];
    else this.#all.push(handoff);
    this.waiting.add(handoff);
  }

  /** Notes an answer; `isFirst` when it is the first of its try. Returns true when it makes a loop. */
  addAnswer(handoff: Handoff, answer: AnswerFacts, isFirst: boolean): boolean {
    if (answer.status === 'rejected' || answer.status === 'returned') {
      this.#sentBack ??= new Map();
      if (this.#sentBack.size < MAX_KEPT) noteSentBack(this.#sentBack, handoff, answer);
    }
    const isLoop = isFirst && this.count > 1 && goesInCircles(handoff, this.#sentBack);
    if (isLoop) this.#loop = true;
    return isLoop;
  }

  /** The session has ended, or has no owner that would end it: closes all handoffs. */
  closeAll(): void {
    // Earlier handoffs are already closed and forgotten.
    const from = this.#closed;
    this.#closed = this.#all.length;
    for (let index = from; index < this.#closed; index++) {
      const handoff = this.#all[index];
      if (handoff?.isOpen) handoff.close(now());
    }
    for (let index = from; index < this.#closed; index++) {
      const handoff = this.#all[index];
      if (handoff && !(this.#isShared && handoff.keepsWaiting())) handoff.forget();
    }
  }

  /** Drops the oldest handoff that no longer waits; the oldest of all when the next hundred still wait. */
  #dropOldest(): void {
    while (this.#all[this.#oldest] === undefined) this.#oldest++;
    let index = this.#oldest;
    while (index < this.#oldest + LOOKED_AT && this.#all[index]?.isOpen !== false) index++;
    const oldest = this.#all[index] ?? (this.#all[this.#oldest] as Handoff);
    this.#all[oldest === this.#all[index] ? index : this.#oldest] = undefined;
    this.#kept--;
    if (oldest.isOpen) oldest.evict();
    else oldest.forget();
    this.#counted ??= {};
    this.#counted[oldest.status] = (this.#counted[oldest.status] ?? 0) + 1;
    if (this.#all.length < 2 * MAX_KEPT) return;
    this.#all = this.#list();
    this.#oldest = 0;
    this.#closed = 0;
  }

  #list(): Handoff[] {
    return this.#kept === this.#all.length ? (this.#all as Handoff[]) : this.#all.filter((one) => one !== undefined);
  }

  path(): string {
    return pathText(chainsOf(this.#list(), this.#agents));
  }

  /** The path as one list. After a break it continues with the source of the next chain. */
  agentPath(): string[] {
    const path: string[] = [];
    for (const chain of chainsOf(this.#list(), this.#agents)) {
      if (path.length >= MAX_PATH) break;
      for (const agent of chain) path.push(agent);
    }
    return path.length > MAX_PATH ? path.slice(0, MAX_PATH) : path;
  }

  get loop(): boolean {
    return this.#loop;
  }

  statistics(): HandoffStatistics {
    const { byStatus, chains, agents, loop } = summarise(this.#list(), this.#agents);
    const all: Partial<Record<HandoffStatus, number>> = { ...this.#counted };
    for (const [status, count] of Object.entries(byStatus)) {
      all[status as HandoffStatus] = (all[status as HandoffStatus] ?? 0) + count;
    }
    return {
      totalHandoffs: this.count,
      path: pathText(chains),
      agentsInvolved: agents.length,
      agents,
      byStatus: all,
      loop: loop || this.#loop,
    };
  }

  [Symbol.iterator](): Iterator<HandoffRecord> {
    return this.#list()[Symbol.iterator]();
  }
}

/** The ledger of a session. It is created only here. */
export function ledgerOf(record: SessionRecord): Ledger {
  record.handoffs ??= new Ledger(record);
  return record.handoffs as Ledger;
}
