import { ById } from '../by-id.ts';
import { markOf } from '../sessions/runs.ts';
import { shared } from '../shared.ts';
import type { Elsewhere, Handoff } from './handoff.ts';
import { Waiting } from './waiting.ts';

const MARKS = 4_096;

/** Maximum number of remote sessions whose waiting handoffs are kept. */
const MOST_SESSIONS = 1_000;

/**
 * What this process knows of handoffs that it does not hold. The oldest entries are dropped silently; a later answer
 * then starts anew. A handoff that was requested here, in a session that has ended, leaves only a mark, because most
 * are never answered later.
 */
const elsewhere = shared('elsewhere', () => ({
  handoffs: new ById<Elsewhere>(),
  waiting: new ById<Waiting<Handoff>>(MOST_SESSIONS),
  unanswered: new Uint32Array(MARKS),
  answered: new Uint32Array(MARKS),
}));

/** Marks a handoff of this process whose session has ended. */
export function rememberOver(id: string, isAnswered: boolean): void {
  const mark = markOf(id);
  (isAnswered ? elsewhere.answered : elsewhere.unanswered)[mark % MARKS] = mark;
}

/** Whether it was requested here, in a session that has ended, and was answered or unanswered by then. */
export function wasRequestedHere(id: string, isAnswered: boolean): boolean {
  const mark = markOf(id);
  return (isAnswered ? elsewhere.answered : elsewhere.unanswered)[mark % MARKS] === mark;
}

export function elsewhereById(id: string): Elsewhere | undefined {
  return elsewhere.handoffs.get(id);
}

export function rememberElsewhere(id: string, known: Elsewhere): Elsewhere {
  elsewhere.handoffs.set(id, known);
  return known;
}

/** The waiting handoffs of a remote session, for all its runs in this process. */
export function waitingElsewhere(sessionId: string): Waiting<Handoff> {
  let waiting = elsewhere.waiting.get(sessionId);
  if (!waiting) {
    waiting = new Waiting();
    elsewhere.waiting.set(sessionId, waiting);
  }
  return waiting;
}
