import { type Attributes, type Context, ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api';
import * as key from '../attributes.ts';
import type { HandoffMode, HandoffStatus, HandoffTarget } from '../model.ts';
import type { Micros } from '../tracing/clock.ts';
import type { Metrics } from '../tracing/metrics.ts';

/** The fields of a handoff that its metrics use. */
interface Counted {
  readonly status: HandoffStatus;
  readonly source: string;
  readonly to: HandoffTarget | undefined;
  readonly mode: HandoffMode;
  readonly spanContext: SpanContext;
}

export function countWait(metrics: Metrics, handoff: Counted, wait: Micros): void {
  if (metrics.on) metrics.handoffWait(wait, attributesOf(handoff), exemplarOf(handoff));
}

/** Counted in the requesting process, once the outcome is final there. */
export function countRequested(metrics: Metrics, handoff: Counted, isOverdue: boolean): void {
  const attributes = attributesOf(handoff);
  attributes[key.ATTR_HANDOFF_MODE] = handoff.mode;
  if (isOverdue) attributes[key.ATTR_HANDOFF_OVERDUE] = true;
  metrics.handoff(attributes, exemplarOf(handoff));
}

/** Counted in a process that picked the handoff up from another: once per try, with its final status. */
export function countReceived(metrics: Metrics, handoff: Counted, status: HandoffStatus): void {
  if (!metrics.on) return;
  const attributes = attributesOf(handoff);
  attributes[key.ATTR_HANDOFF_STATUS] = status;
  metrics.receivedHandoff(attributes, exemplarOf(handoff));
}

function attributesOf({ status, source, to }: Counted): Attributes {
  return {
    [key.ATTR_HANDOFF_STATUS]: status,
    [key.ATTR_HANDOFF_SOURCE]: source,
    [key.ATTR_HANDOFF_TARGET]: to?.key ?? '',
  };
}

/** The context that links a data point to the trace. */
function exemplarOf({ spanContext }: Counted): Context {
  return trace.setSpanContext(ROOT_CONTEXT, spanContext);
}
