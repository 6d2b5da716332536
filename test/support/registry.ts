import type { ById } from '../../src/by-id.ts';
import '../../src/scopes/approval.ts';
import '../../src/handoffs/known-handoffs.ts';
import { openScopes } from '../../src/sessions/open-scopes.ts';
import { type EvictedRun, openRuns } from '../../src/sessions/runs.ts';
import { droppedSessions } from '../../src/sessions/session-record.ts';
import { shared } from '../../src/shared.ts';

interface Registry {
  readonly open: typeof openScopes;
  readonly runs: typeof openRuns;
  readonly droppedSessions: typeof droppedSessions;
  readonly sessions: ById<unknown>;
  readonly approvals: ById<unknown>;
  readonly handoffs: ById<unknown>;
  readonly evicted: { readonly runs: ById<EvictedRun>; hasForgotten: boolean };
}

/** All that is known in this process by its id: to see that nothing is left, and to forget it as another process would. */
export const registry: Registry = {
  open: openScopes,
  runs: openRuns,
  droppedSessions,
  sessions: kept('sessions'),
  approvals: kept('approvals'),
  handoffs: kept<{ readonly open: ById<unknown> }>('handoffs').open,
  evicted: kept('evicted'),
};

/** What the module that owns it keeps under that name. */
function kept<T extends object>(name: string): T {
  return shared(name, () => {
    throw new Error(`nothing is kept under "${name}"`);
  });
}
