import {
  BackendError,
  type BackendSpans,
  readFromJaeger,
  readFromTempo,
  readRecentFromJaeger,
  readRecentFromTempo,
} from '../../replay.ts';
import type { Recorded } from './read-files.ts';

type BackendName = 'jaeger' | 'tempo';

/** How far to look back. */
export interface Age {
  /** As it was given: `7d`. */
  readonly text: string;
  readonly ms: number;
}

export interface BackendRequest {
  readonly backend: BackendName;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly since: Age;
  /** None: the newest ones. */
  readonly sessions: readonly string[];
}

const READERS = {
  jaeger: { session: readFromJaeger, recent: readRecentFromJaeger },
  tempo: { session: readFromTempo, recent: readRecentFromTempo },
} as const;

/** How the backends are called, in messages. */
export const BACKEND_NAMES = { jaeger: 'Jaeger', tempo: 'Tempo' } as const;

/** Sessions from a backend; what it cannot give is reported. */
export async function readBackend(
  { backend, url, sessions, headers, timeoutMs, since }: BackendRequest,
  report: (message: string) => void,
): Promise<Recorded> {
  const read = READERS[backend];
  const all: BackendSpans[] = [];
  const options = { headers, timeoutMs, lookBackMs: since.ms };
  try {
    if (sessions.length === 0) all.push(await read.recent(url, options));
    for (const sessionId of sessions) all.push(await read.session(url, { ...options, sessionId }));
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    report(error.message);
    return { spans: [], isUnreadable: true, isIncomplete: true };
  }
  const problems = all.flatMap((each) => each.problems);
  for (const problem of problems) report(problem);
  return { spans: all.flatMap(({ spans }) => spans), isUnreadable: false, isIncomplete: problems.length > 0 };
}
