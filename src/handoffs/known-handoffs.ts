import { ById } from '../by-id.ts';
import { shared } from '../shared.ts';
import { rememberOver } from './elsewhere.ts';
import type { Handoff, HandoffIndex } from './handoff.ts';

/** Maximum number of handoffs that wait for an answer in one process. */
const MAX_UNANSWERED = 10_000;

/** Answered handoffs are kept apart, so that they cannot evict open ones. */
const known = shared('handoffs', () => ({ open: new ById<Handoff>(), answered: new ById<Handoff>() }));

/** A handoff of this process, open or answered. */
export function handoffById(id: string): Handoff | undefined {
  return known.open.get(id) ?? known.answered.get(id);
}

/** Makes a handoff known by its id. Beyond the limit, the one that has waited longest is closed as it is. */
export function knowHandoff(handoff: Handoff): void {
  const { open } = known;
  if (open.size >= MAX_UNANSWERED && open.oldest !== undefined) open.get(open.oldest)?.evict();
  open.set(handoff.id, handoff);
}

export const handoffIndex: HandoffIndex = {
  answered(handoff) {
    if (known.open.delete(handoff.id)) known.answered.set(handoff.id, handoff);
  },
  /** From now on the id is only a span context, like that of a handoff of another process. */
  forgotten({ id, status }) {
    const isKnown = known.open.delete(id) || known.answered.delete(id);
    if (isKnown) rememberOver(id, status !== 'requested');
  },
};
