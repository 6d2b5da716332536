import { rememberOver } from './elsewhere.ts';
import type { Handoff } from './handoff.ts';
import { registry, remember } from '../sessions/enclosing-scope.ts';

/** So many may wait for an answer in one process. */
const MAX_UNANSWERED = 10_000;

/** Makes a handoff known by its id. The one that has waited longest gives way, and is recorded as it stands. */
export function knowHandoff(handoff: Handoff): void {
  const { handoffs } = registry;
  if (handoffs.size >= MAX_UNANSWERED && handoffs.oldest !== undefined) handoffs.get(handoffs.oldest)?.giveWay();
  handoffs.set(handoff.id, handoff);
}

/** Answered ones are kept apart, so that many of them push no open one out. */
export function knowAnswered(handoff: Handoff): void {
  if (registry.handoffs.delete(handoff.id)) remember(registry.answeredHandoffs, handoff.id, handoff);
}

/** Its id is a place in a trace from now on, as that of a handoff of another process. */
export function forgetHandoff({ id, status }: Handoff): void {
  const isKnown = registry.handoffs.delete(id) || registry.answeredHandoffs.delete(id);
  if (isKnown) rememberOver(id, status !== 'requested');
}
