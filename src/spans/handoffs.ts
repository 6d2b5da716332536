import type { HandoffRecord, HandoffStatistics, SessionHandoffs } from '../handles.ts';
import type { HandoffStatus } from '../model.ts';
import { type Micros, now } from './clock.ts';
import type { Handoff } from './handoff.ts';

/** A session may last for months: beyond this many handoffs the oldest are only counted. */
const MAX_KEPT = 10_000;
/** Attribute arrays are not cut by backends: a path of a thousand agents helps nobody. */
const MAX_PATH = 256;

/** A run that may take over. */
export interface Receiver {
  readonly agentKey: string;
  readonly stepKey: string | undefined;
  /** Its id, when it is at work already: no run takes over what it asked for itself. */
  readonly runId: string | undefined;
}

function sentBackBefore({ status, answeredAt, returnedAt }: Handoff, asked: Micros): boolean {
  const at = status === 'rejected' ? answeredAt : returnedAt;
  return at !== undefined && at < asked;
}

/** One move of the work from an agent to another. */
interface Move {
  readonly from: string;
  readonly to: string;
  readonly at: number;
}

/** The handoffs of one session, in the order of their requests. */
export class Handoffs implements SessionHandoffs {
  count = 0;
  loop = false;
  /** Keys of the agents that ran, in the order of their first run. */
  readonly #agents: ReadonlySet<string>;
  #all: Handoff[] = [];
  /** By status, those that are no longer kept. */
  readonly #counted: Partial<Record<HandoffStatus, number>> = {};
  /** Those whose span is open. */
  #open: Handoff[] = [];
  /** Those that a run may still pick up. */
  #waiting: Handoff[] = [];

  constructor(agents: ReadonlySet<string>) {
    this.#agents = agents;
  }

  add(handoff: Handoff): void {
    this.count++;
    if (this.#all.length >= MAX_KEPT) this.#count(this.#takeOldest());
    this.#all = added(this.#all, handoff);
    this.#open = added(this.#open, handoff);
    this.#waiting = added(this.#waiting, handoff);
  }

  /**
   * The oldest handoff that waits for such a run: one of its parent's, else one that a sibling addressed to it; for a
   * run without a parent any of the session's.
   */
  waitingFor(parentId: string | undefined, who: Receiver): Handoff | undefined {
    let passedOn: Handoff | undefined;
    for (const handoff of this.#waiting) {
      if (handoff.sourceRunId === who.runId && who.runId !== undefined) continue;
      if (!handoff.fits(who.agentKey, who.stepKey)) continue;
      if (parentId === undefined || handoff.sourceRunId === parentId) return handoff;
      if (handoff.to && handoff.sourceParentId === parentId) passedOn ??= handoff;
    }
    return passedOn;
  }

  /** Nobody else can pick it up. */
  taken(handoff: Handoff): void {
    remove(this.#waiting, handoff);
  }

  closed(handoff: Handoff): void {
    remove(this.#open, handoff);
  }

  sourceEnded(runId: string): void {
    const its = this.#waiting.filter(({ sourceRunId }) => sourceRunId === runId);
    for (const handoff of its) handoff.sourceEnded();
  }

  closeAll(): void {
    const open = this.#open;
    this.#open = [];
    this.#waiting = [];
    for (const handoff of open) handoff.close(now());
    for (const handoff of this.#all) handoff.forget();
  }

  /** The oldest that is answered; the oldest of all where the first hundred are not. */
  #takeOldest(): Handoff | undefined {
    const index = this.#all.slice(0, 100).findIndex(({ settled }) => settled);
    return this.#all.splice(Math.max(0, index), 1)[0];
  }

  #count(handoff: Handoff | undefined): void {
    if (!handoff) return;
    this.#counted[handoff.status] = (this.#counted[handoff.status] ?? 0) + 1;
    handoff.forget();
  }

  path(): string {
    let path = '';
    let last: string | undefined;
    for (const { from, to } of this.#moves()) {
      if (last === undefined) path = from;
      else if (last !== from) path += `, ${from}`;
      path += ` → ${to}`;
      last = to;
    }
    return last === undefined ? (firstOf(this.#agents) ?? '') : path;
  }

  /** The path as one list: where it is broken, it goes on with its source again. */
  agentPath(): string[] {
    let path: string[] = [];
    for (const { from, to } of this.#moves()) {
      if (path.length === 0) path = [from, to];
      else if (path[path.length - 1] === from) path.push(to);
      else path.push(from, to);
      if (path.length >= MAX_PATH) break;
    }
    const first = firstOf(this.#agents);
    return path.length === 0 && first !== undefined ? [first] : path;
  }

  statistics(): HandoffStatistics {
    const byStatus: Partial<Record<HandoffStatus, number>> = { ...this.#counted };
    const agents = new Set(this.#agents);
    for (const handoff of this.#all) {
      byStatus[handoff.status] = (byStatus[handoff.status] ?? 0) + 1;
      agents.add(handoff.source);
      if (handoff.answeredAt !== undefined && handoff.target) agents.add(handoff.target);
    }
    return {
      totalHandoffs: this.count,
      path: this.path(),
      agentsInvolved: agents.size,
      agents: [...agents],
      byStatus,
      loop: this.loop,
    };
  }

  [Symbol.iterator](): Iterator<HandoffRecord> {
    return this.#all[Symbol.iterator]();
  }

  /** Whether this pair of agents has had the same piece of work before: in the chain behind it, or sent back once. */
  repeats(handoff: Handoff): boolean {
    if (this.count < 2 && handoff.previous === undefined) return false;
    const same = (other: Handoff): boolean => other.source === handoff.source && other.target === handoff.target;
    let behind = handoff.previous;
    for (let steps = 0; behind && steps < MAX_KEPT; steps++) {
      if (same(behind)) return true;
      behind = behind.previous;
    }
    const asked = handoff.requestedAt ?? 0;
    return this.#all.some((other) => other !== handoff && same(other) && sentBackBefore(other, asked));
  }

  /** How the work went from agent to agent, in the order of time. */
  #moves(): Move[] {
    let moves: Move[] = [];
    for (const { source, target, moved, answeredAt, returnedAt } of this.#all) {
      if (answeredAt === undefined || target === undefined || !moved) continue;
      moves = added(moves, { from: source, to: target, at: answeredAt });
      if (returnedAt !== undefined) moves.push({ from: target, to: source, at: returnedAt });
    }
    return moves.length > 1 ? moves.sort((a, b) => a.at - b.at) : moves;
  }
}

/** `push` into an empty list makes room for seventeen; most sessions have one handoff. */
function added<T>(list: T[], item: T): T[] {
  if (list.length === 0) return [item];
  list.push(item);
  return list;
}

function remove(list: Handoff[], handoff: Handoff): void {
  const index = list.indexOf(handoff);
  if (index === list.length - 1) list.pop();
  else if (index >= 0) list.splice(index, 1);
}

function firstOf(agents: ReadonlySet<string>): string | undefined {
  return agents.values().next().value;
}
