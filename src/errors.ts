import { withoutSecrets } from './secrets.ts';

/**
 * The code of an error or a warning. It is stable, and the same in warnings, in `BatonError.code` and in the docs:
 *
 * - `invalid_option`: an option cannot be used.
 * - `invalid_input`: a field of a call cannot be used and is left out.
 * - `missing_callback`: a `with…` call has no callback.
 * - `unknown_session`: `sessionId` or the session to resume is not the id of a session.
 * - `unknown_run`: `runId`, `parentRunId`, `sourceRunId` or `joins` has a value that is not an id of a run.
 * - `ended_run`: the run that a call names has ended.
 * - `ended_scope`: a setter was called after the end of its scope.
 * - `no_run`: a call that belongs to a run was made outside any run.
 * - `unknown_handoff`: `handoffId` is not the id of a handoff.
 * - `handoff_already_picked_up`: another run has picked the handoff up, or the handoff has expired.
 * - `handoff_already_answered`: the answer cannot follow the answer before it.
 * - `no_handoff`: there is no open handoff that the run could answer.
 * - `unknown_approval`: neither `carrier` nor `approvalId` identifies an approval.
 * - `approval_already_decided`: the approval was decided before, or its wait is over.
 * - `invalid_carrier`: `carrier` cannot be read.
 * - `hook_failed`: a hook of the app threw.
 * - `too_many_open`: too many scopes or handoffs are open at the same time.
 * - `too_many_agents`: too many different agents, which usually means that their keys change.
 * - `unwatched_result`: Baton cannot see when the callback's result completes.
 * - `too_many_events`: a span has reached its limit of events.
 * - `too_many_links`: a span has reached its limit of links.
 * - `telemetry_failed`: OpenTelemetry failed, or took too long.
 * - `no_provider`: no tracer provider is registered, or Baton's set-up could not register one.
 * - `sdk_not_installed`: OpenTelemetry's SDK is not installed, or cannot be loaded.
 */
export type BatonErrorCode =
  | 'invalid_option'
  | 'invalid_input'
  | 'missing_callback'
  | 'unknown_session'
  | 'unknown_run'
  | 'ended_run'
  | 'ended_scope'
  | 'no_run'
  | 'unknown_handoff'
  | 'handoff_already_picked_up'
  | 'handoff_already_answered'
  | 'no_handoff'
  | 'unknown_approval'
  | 'approval_already_decided'
  | 'invalid_carrier'
  | 'hook_failed'
  | 'too_many_open'
  | 'too_many_agents'
  | 'unwatched_result'
  | 'too_many_events'
  | 'too_many_links'
  | 'telemetry_failed'
  | 'no_provider'
  | 'sdk_not_installed';

/**
 * Thrown by the constructor for an option that cannot be used, and for misuse with `strict: true`. Baton throws no other
 * error.
 */
export class BatonError extends Error {
  override readonly name = 'BatonError';
  /** The kind of mistake, for example `unknown_run`. */
  readonly code: BatonErrorCode;

  constructor(code: BatonErrorCode, message: string) {
    super(`${message} [${code}]`);
    this.code = code;
  }
}

/** Describes a value for an error message: short, without secrets, and without the content of an object. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  try {
    return Array.isArray(value) ? `an array of ${value.length}` : 'an object';
  } catch {
    // `Array.isArray` throws for a revoked proxy.
    return 'an object';
  }
}

/** Redacts before the cut, because the cut could leave half of a secret that no rule recognizes. */
function quoted(text: string): string {
  const safe = withoutSecrets(text.length > 1_000 ? text.slice(0, 1_000) : text);
  if (text.length <= 60) return `"${safe}"`;
  return `"${safe.slice(0, 57)}..."`;
}
