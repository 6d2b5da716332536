import { type Context, propagation } from '@opentelemetry/api';
import type { Carrier } from '../model.ts';

/** Carrier fields beside the W3C headers: ids, and the key of the agent that hands over. */
export const CARRIER_HANDOFF = 'baton-handoff';
export const CARRIER_SESSION = 'baton-session';
export const CARRIER_SOURCE = 'baton-source';
/** For an approval that is suspended: its id, and the time of the request in Unix milliseconds. */
export const CARRIER_APPROVAL = 'baton-approval';
export const CARRIER_REQUESTED = 'baton-requested';

/** Writes the headers of the app's propagators. When one throws, only its headers are missing. */
export function inject(context: Context): Record<string, string> {
  const carrier: Record<string, string> = {};
  try {
    propagation.inject(context, carrier);
  } catch {
    // The carrier still has the ids.
  }
  return carrier;
}

/** Lets the app's propagators read the headers into the context. */
export function extract(context: Context, carrier: Carrier): Context {
  try {
    return propagation.extract(context, carrier);
  } catch {
    return context;
  }
}
