import type { Agent, HandoffStatus, RunStatus } from '../model.ts';

/** What a try calls on its handoff. */
interface Tried {
  /** The run of a try has ended and gives no further answer. */
  tryEnded(attempt: { readonly status: HandoffStatus; readonly succeeded: boolean }): void;
}

/**
 * One try at a handoff: by the run that picked it up, or by a caller that answers without a run. Each try has its own
 * status; the latest one is the handoff's.
 */
export class Try<Handoff extends Tried> {
  readonly handoff: Handoff;
  readonly runId: string | undefined;
  agentKey: string | undefined;
  /** `requested` until the first answer. */
  status: HandoffStatus = 'requested';
  #outcome: RunStatus | undefined;

  constructor(handoff: Handoff, run: { readonly id: string; readonly agent: Agent } | undefined) {
    this.handoff = handoff;
    this.runId = run?.id;
    this.agentKey = run?.agent.key;
  }

  /** Whether a run is at work on it. */
  get isUnderWay(): boolean {
    return this.runId !== undefined && this.#outcome === undefined;
  }

  /** Whether the work was taken and its run did not fail. */
  get succeeded(): boolean {
    const isTaken = this.status === 'accepted' || this.status === 'completed';
    return isTaken && (this.runId === undefined || this.#outcome === 'completed');
  }

  /** An accepted handoff may still be completed, returned or fail. Every other status is final. */
  mayBecome(status: HandoffStatus): boolean {
    if (this.status === 'requested') return true;
    return this.status === 'accepted' && (status === 'completed' || status === 'returned' || status === 'failed');
  }

  /** The run has ended and gives no further answer. */
  ended(outcome: RunStatus): void {
    this.#outcome = outcome;
    this.handoff.tryEnded(this);
  }
}
