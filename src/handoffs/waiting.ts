import type { HandoffTarget } from '../model.ts';

/** What is needed of a handoff that waits for a run. */
interface Waits {
  /** Position in the order of the waiting handoffs. */
  turn: number;
  readonly to: HandoffTarget | undefined;
  /** Ids of the requesting run and of its parent run. */
  readonly sourceRunId: string | undefined;
  readonly sourceParentId: string | undefined;
  /** Whether the handoff is addressed to a run of this agent or with this step. */
  fits(agentKey: string, stepKey: string | undefined): boolean;
}

/** A run that may take over. */
export interface Receiver {
  readonly agentKey: string;
  readonly stepKey: string | undefined;
  /** Set for a run that has already started: it cannot take over its own handoff. */
  readonly runId: string | undefined;
}

/** Up to this many handoffs are searched one by one; more are indexed. */
const FEW = 16;

/** The handoffs of a session that a run may still pick up, in the order of their requests. */
export class Waiting<Handoff extends Waits> {
  #few: Handoff[] = [];
  /**
   * Set once there are more than `FEW`, with lines by origin and target. A handoff that left stays in its lines until a
   * search meets it.
   */
  #many: Set<Handoff> | undefined;
  #lines: Map<string, Line<Handoff>> | undefined;
  #lined = 0;
  #turn = 0;

  has(handoff: Handoff): boolean {
    return this.#many ? this.#many.has(handoff) : this.#few.includes(handoff);
  }

  add(handoff: Handoff): void {
    handoff.turn = this.#turn++;
    if (this.#many) {
      this.#many.add(handoff);
      this.#line(handoff);
    } else if (this.#few.length === FEW) this.#lineUp(new Set([...this.#few, handoff]));
    else if (this.#few.length === 0) this.#few = [handoff];
    else this.#few.push(handoff);
  }

  delete(handoff: Handoff): void {
    if (!this.#many) {
      const index = this.#few.indexOf(handoff);
      if (index === this.#few.length - 1) this.#few.pop();
      else if (index >= 0) this.#few.splice(index, 1);
      return;
    }
    if (!this.#many.delete(handoff)) return;
    if (this.#many.size < FEW) {
      this.#few = [...this.#many];
      this.#many = undefined;
      this.#lines = undefined;
    } else if (this.#lined > 2 * this.#many.size) this.#lineUp(this.#many);
  }

  /**
   * The oldest handoff for this run: one of its parent run, else one that a sibling addressed to it. A run without a
   * parent may take any handoff of the session.
   */
  find(parentId: string | undefined, receiver: Receiver): Handoff | undefined {
    if (!this.#many) return this.#few.length === 0 ? undefined : this.#lookThrough(parentId, receiver);
    const { agentKey, stepKey = agentKey } = receiver;
    if (parentId === undefined) return this.#first(receiver, anyOf(agentKey), anyOf(stepKey), anyOf(''));
    return (
      this.#first(receiver, ofRun(parentId, agentKey), ofRun(parentId, stepKey), ofRun(parentId, '')) ??
      this.#first(receiver, ofSibling(parentId, agentKey), ofSibling(parentId, stepKey))
    );
  }

  #lookThrough(parentId: string | undefined, receiver: Receiver): Handoff | undefined {
    let passedOn: Handoff | undefined;
    for (const handoff of this.#few) {
      if (handoff.sourceRunId === receiver.runId && receiver.runId !== undefined) continue;
      if (!handoff.fits(receiver.agentKey, receiver.stepKey)) continue;
      if (parentId === undefined || handoff.sourceRunId === parentId) return handoff;
      if (handoff.to && handoff.sourceParentId === parentId) passedOn ??= handoff;
    }
    return passedOn;
  }

  #first({ runId }: Receiver, ...keys: readonly string[]): Handoff | undefined {
    let oldest: Handoff | undefined;
    for (const key of keys) {
      const first = this.#many && this.#lines?.get(key)?.first(this.#many, runId);
      if (first && (!oldest || first.turn < oldest.turn)) oldest = first;
    }
    return oldest;
  }

  /** Rebuilds the lines without the handoffs that left. This takes no more work than adding them did. */
  #lineUp(many: Set<Handoff>): void {
    this.#few = [];
    this.#many = many;
    this.#lines = new Map();
    this.#lined = 0;
    for (const handoff of many) this.#line(handoff);
  }

  #line(handoff: Handoff): void {
    const lines = this.#lines ?? new Map<string, Line<Handoff>>();
    this.#lines = lines;
    const { to, sourceRunId, sourceParentId } = handoff;
    const target = to?.key ?? '';
    const keys = [anyOf(target)];
    if (sourceRunId !== undefined) keys.push(ofRun(sourceRunId, target));
    if (sourceParentId !== undefined && to) keys.push(ofSibling(sourceParentId, target));
    for (const key of keys) {
      const line = lines.get(key) ?? new Line<Handoff>();
      lines.set(key, line);
      line.add(handoff);
    }
    this.#lined++;
  }
}

const anyOf = (target: string): string => `any ${target}`;
const ofRun = (runId: string, target: string): string => `run ${runId} ${target}`;
const ofSibling = (parentId: string, target: string): string => `sibling ${parentId} ${target}`;

/** Consecutive handoffs of one run. */
interface Stretch<Handoff> {
  readonly source: string | undefined;
  readonly handoffs: Handoff[];
  /** All before this index have left. */
  from: number;
}

/**
 * Handoffs that wait for the same kind of receiver, the oldest first. They are grouped by their run, so that a run
 * skips its own at once.
 */
class Line<Handoff extends Waits> {
  readonly #stretches: Stretch<Handoff>[] = [];
  #from = 0;

  add(handoff: Handoff): void {
    const last = this.#stretches.at(-1);
    if (last && last.source === handoff.sourceRunId) last.handoffs.push(handoff);
    else this.#stretches.push({ source: handoff.sourceRunId, handoffs: [handoff], from: 0 });
  }

  /** The oldest that still waits and was not requested by `own`. */
  first(there: ReadonlySet<Handoff>, own: string | undefined): Handoff | undefined {
    for (let index = this.#from; index < this.#stretches.length; index++) {
      const stretch = this.#stretches[index] as Stretch<Handoff>;
      const { handoffs, source } = stretch;
      while (stretch.from < handoffs.length && !there.has(handoffs[stretch.from] as Handoff)) stretch.from++;
      if (stretch.from === handoffs.length) {
        if (index === this.#from) this.#from++;
      } else if (source === undefined || source !== own) return handoffs[stretch.from];
    }
    return undefined;
  }
}
