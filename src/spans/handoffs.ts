import type { HandoffRecord, HandoffStatistics, SessionHandoffs } from '../handles.ts';
import { chainsOf, goesInCircles, type HandoffWord, noteSentBack, pathText, summarise } from '../handoff-path.ts';
import type { HandoffStatus } from '../model.ts';
import { now } from './clock.ts';
import type { Handoff } from './handoff.ts';
import { Waiting } from './waiting.ts';

/** A session may last for months: beyond this many handoffs the oldest are only counted. */
const MAX_KEPT = 10_000;
/** Attribute arrays are not cut by backends: a path of a thousand agents helps nobody. */
const MAX_PATH = 256;

/** The handoffs that were requested in one session, in the order of their requests. */
export class Handoffs implements SessionHandoffs {
  count = 0;
  /** Those that a run may still pick up. */
  waiting: Waiting = new Waiting();
  /** What waits outlives what is recorded here: the session lives in another process. */
  #isShared = false;
  /** Keys of the agents that ran, in the order of their first run. */
  readonly #agents: ReadonlySet<string>;
  readonly #all: Set<Handoff> = new Set();
  /** Those whose span is open. */
  readonly #open: Set<Handoff> = new Set();
  /** Those whose span has ended, in the order of their ends: the first give way to new ones. */
  #ended: Handoff[] = [];
  #firstEnded = 0;
  /** By status, those that are no longer kept. */
  readonly #counted: Partial<Record<HandoffStatus, number>> = {};
  readonly #sentBack: Map<string, number> = new Map();
  #loop = false;
  #over = false;

  constructor(agents: ReadonlySet<string>) {
    this.#agents = agents;
  }

  /** Waits together with what other runs of that session asked for in this process. */
  waitIn(waiting: Waiting): void {
    this.waiting = waiting;
    this.#isShared = true;
  }

  add(handoff: Handoff): void {
    this.count++;
    if (this.#all.size >= MAX_KEPT) this.#dropOldest();
    this.#all.add(handoff);
    this.#open.add(handoff);
    this.waiting.add(handoff);
  }

  closed(handoff: Handoff): void {
    if (!this.#open.delete(handoff)) return;
    this.#ended.push(handoff);
  }

  /** Something was said of one of them, for the first time in a try or later. True when the work goes in circles now. */
  heard(handoff: Handoff, word: HandoffWord, isFirst: boolean): boolean {
    if (this.#sentBack.size < MAX_KEPT) noteSentBack(this.#sentBack, handoff, word);
    const isLoop = isFirst && goesInCircles(handoff, this.#sentBack);
    if (isLoop) this.#loop = true;
    return isLoop;
  }

  /** The session is over, or nobody is there who would end it: nothing stays open. */
  closeAll(): void {
    const open = [...this.#open];
    for (const handoff of open) handoff.close(now());
    // What was there before is forgotten already.
    for (const handoff of this.#over ? open : this.#all) {
      if (!this.#isShared || !handoff.stays()) handoff.forget();
    }
    this.#over = true;
  }

  #dropOldest(): void {
    let oldest: Handoff | undefined;
    while (!oldest && this.#firstEnded < this.#ended.length) {
      const ended = this.#ended[this.#firstEnded++] as Handoff;
      if (this.#all.has(ended)) oldest = ended;
    }
    if (this.#firstEnded > MAX_KEPT) {
      this.#ended = this.#ended.slice(this.#firstEnded);
      this.#firstEnded = 0;
    }
    oldest ??= this.#all.values().next().value as Handoff;
    this.#all.delete(oldest);
    this.#counted[oldest.status] = (this.#counted[oldest.status] ?? 0) + 1;
    if (this.#open.has(oldest)) oldest.giveWay();
    else oldest.forget();
  }

  path(): string {
    return pathText(chainsOf([...this.#all], this.#agents));
  }

  /** The path as one list: where it is broken, it goes on with its source again. */
  agentPath(): string[] {
    const path: string[] = [];
    for (const chain of chainsOf([...this.#all], this.#agents)) {
      if (path.length >= MAX_PATH) break;
      for (const agent of chain) path.push(agent);
    }
    return path.length > MAX_PATH ? path.slice(0, MAX_PATH) : path;
  }

  get loop(): boolean {
    return this.#loop;
  }

  statistics(): HandoffStatistics {
    const { byStatus, chains, agents, loop } = summarise([...this.#all], this.#agents);
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
    return this.#all.values();
  }
}
