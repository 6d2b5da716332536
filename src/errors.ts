import { withoutSecrets } from './secrets.ts';

/** What went wrong, as a stable word: the same in warnings, in `BatonError.code` and in the docs. */
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
 * Thrown by the constructor for options that cannot be used, and for misuse when `strict: true`.
 * Nothing else in Baton throws.
 */
export class BatonError extends Error {
  override readonly name = 'BatonError';
  /** Stable word for the kind of mistake, e.g. `unknown_run`. */
  readonly code: BatonErrorCode;

  constructor(code: BatonErrorCode, message: string) {
    super(`${message} [${code}]`);
    this.code = code;
  }
}

/** A value as it may stand in an error message: short, without secrets, and never the content of an object. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  try {
    return Array.isArray(value) ? `an array of ${value.length}` : 'an object';
  } catch {
    // A revoked proxy cannot even say whether it is an array.
    return 'an object';
  }
}

/** Secrets go before the cut, which would leave a half of one. */
function quoted(text: string): string {
  const safe = withoutSecrets(text.length > 1_000 ? text.slice(0, 1_000) : text);
  if (text.length <= 60) return `"${safe}"`;
  return `"${safe.slice(0, 57)}..."`;
}
