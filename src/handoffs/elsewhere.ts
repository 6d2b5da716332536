import { ById } from '../by-id.ts';
import { markOf } from '../sessions/runs.ts';
import { shared } from '../shared.ts';
import type { Elsewhere, Handoff } from './handoff.ts';
import { Waiting } from './waiting.ts';

const MARKS = 4_096;

/** So many sessions of other processes are known at once by what waits in them. */
const MOST_SESSIONS = 1_000;

/**
 * The oldest give way in silence: what comes after that begins anew. Of handoffs that were requested here, in sessions that are
 * over, there is a mark alone: most are never heard of again.
 */
const elsewhere = shared('elsewhere', () => ({
  handoffs: new ById<Elsewhere>(),
  waiting: new ById<Waiting<Handoff>>(MOST_SESSIONS),
  unanswered: new Uint32Array(MARKS),
  answered: new Uint32Array(MARKS),
}));

/** A handoff of this process whose session is over. */
export function rememberOver(id: string, isAnswered: boolean): void {
  const mark = markOf(id);
  (isAnswered ? elsewhere.answered : elsewhere.unanswered)[mark % MARKS] = mark;
}

/** Whether it was requested here, in a session that is over, and whether it was answered by then. */
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

/** What waits in a session of another process, for all runs of it in this one. */
export function waitingElsewhere(sessionId: string): Waiting<Handoff> {
  let waiting = elsewhere.waiting.get(sessionId);
  if (!waiting) {
    waiting = new Waiting();
    elsewhere.waiting.set(sessionId, waiting);
  }
  return waiting;
}
