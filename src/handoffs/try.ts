import type { Agent, HandoffStatus, RunStatus } from '../model.ts';

/** What is tried, as far as a try knows it. */
interface Tried {
  /** A run that had picked it up has ended, and will say no more. */
  tryEnded(attempt: { readonly status: HandoffStatus; readonly succeeded: boolean }): void;
}

/**
 * One try at a handoff: by the run that picked it up, or by whoever answers it without one. Each has words of its own; the last
 * word of all is the handoff's.
 */
export class Try<Handoff extends Tried> {
  readonly handoff: Handoff;
  readonly runId: string | undefined;
  agentKey: string | undefined;
  /** `requested` while nothing is said. */
  status: HandoffStatus = 'requested';
  #outcome: RunStatus | undefined;

  constructor(handoff: Handoff, run: { readonly id: string; readonly agent: Agent } | undefined) {
    this.handoff = handoff;
    this.runId = run?.id;
    this.agentKey = run?.agent.key;
  }

  /** A run is at work on it. */
  get isUnderWay(): boolean {
    return this.runId !== undefined && this.#outcome === undefined;
  }

  /** The work was taken, and whoever took it did not break down over it. */
  get succeeded(): boolean {
    const isTaken = this.status === 'accepted' || this.status === 'completed';
    return isTaken && (this.runId === undefined || this.#outcome === 'completed');
  }

  /** After acceptance the work may still be completed, returned or fail; everything else is final. */
  mayBecome(status: HandoffStatus): boolean {
    if (this.status === 'requested') return true;
    return this.status === 'accepted' && (status === 'completed' || status === 'returned' || status === 'failed');
  }

  /** Its run has ended, and will say no more. */
  ended(outcome: RunStatus): void {
    this.#outcome = outcome;
    this.handoff.tryEnded(this);
  }
}
