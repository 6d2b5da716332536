import { type Context, propagation } from '@opentelemetry/api';
import type { Carrier } from '../model.ts';

/** What a carrier has beside the W3C headers: ids, and the key of the agent that hands over. */
export const CARRIER_HANDOFF = 'baton-handoff';
export const CARRIER_SESSION = 'baton-session';
export const CARRIER_SOURCE = 'baton-source';
/** Of a wait that was suspended: the approval, and when it was asked for, in Unix milliseconds. */
export const CARRIER_APPROVAL = 'baton-approval';
export const CARRIER_REQUESTED = 'baton-requested';

/** The headers of the app's propagators. One that throws costs what it would have added, and nothing else. */
export function inject(context: Context): Record<string, string> {
  const carrier: Record<string, string> = {};
  try {
    propagation.inject(context, carrier);
  } catch {
    // The ids stand in the carrier all the same.
  }
  return carrier;
}

/** What the app's propagators read from the headers, onto the context. */
export function extract(context: Context, carrier: Carrier): Context {
  try {
    return propagation.extract(context, carrier);
  } catch {
    return context;
  }
}
