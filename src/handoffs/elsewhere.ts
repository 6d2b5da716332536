import type { Context } from '@opentelemetry/api';
import { ById } from '../by-id.ts';
import type { HandoffStatus } from '../model.ts';
import { shared } from '../shared.ts';
import { markOf } from '../sessions/runs.ts';
import type { Recorder } from '../tracing/recorder.ts';
import { registry, remember } from '../sessions/enclosing-scope.ts';
import { SessionRecord } from '../sessions/session-record.ts';
import { Waiting } from './waiting.ts';

/** What was said here of a handoff that this process does not have: of another process, or of a session that is over. */
export interface Elsewhere {
  readonly source: string;
  /** The session that it belongs to, where somebody said so. */
  sessionId: string | undefined;
  /** The last word of the last try. */
  status: HandoffStatus;
  /** The run of this process that picked it up last. */
  runId: string | undefined;
}

const MARKS = 4_096;

/** So many sessions of other processes are known at once by what waits in them. */
const MOST_SESSIONS = 1_000;

/**
 * The oldest give way in silence: what comes after that begins anew. Of handoffs that were requested here, in sessions that are
 * over, there is a mark alone: most are never heard of again.
 */
const elsewhere = shared('elsewhere', () => ({
  handoffs: new ById<Elsewhere>(),
  waiting: new ById<Waiting>(MOST_SESSIONS),
  unanswered: new Uint32Array(MARKS),
  answered: new Uint32Array(MARKS),
}));

/** A handoff of this process whose session is over. */
export function rememberOver(id: string, isAnswered: boolean): void {
  const mark = markOf(id);
  (isAnswered ? elsewhere.answered : elsewhere.unanswered)[mark % MARKS] = mark;
}

/** Whether it was requested here, in a session that is over, and whether it was answered by then. */
export function isOver(id: string, isAnswered: boolean): boolean {
  const mark = markOf(id);
  return (isAnswered ? elsewhere.answered : elsewhere.unanswered)[mark % MARKS] === mark;
}

export function elsewhereById(id: string): Elsewhere | undefined {
  return elsewhere.handoffs.get(id);
}

export function rememberElsewhere(id: string, known: Elsewhere): Elsewhere {
  remember(elsewhere.handoffs, id, known);
  return known;
}

/**
 * A session that lives in another process: each run here has a record of its own, which ends with it, and what waits for
 * somebody waits for all of them.
 */
function sessionElsewhere(recorder: Recorder, active: Context, sessionId: string): SessionRecord {
  const record = new SessionRecord(recorder, active, sessionId);
  let waiting = elsewhere.waiting.get(sessionId);
  if (!waiting) {
    waiting = new Waiting();
    remember(elsewhere.waiting, sessionId, waiting);
  }
  record.handoffs.waitIn(waiting);
  return record;
}

/** The session with that id: of this process, else of another. */
export function sessionById(recorder: Recorder, active: Context, sessionId: string): SessionRecord {
  return registry.sessions.get(sessionId) ?? sessionElsewhere(recorder, active, sessionId);
}
