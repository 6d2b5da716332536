import type { Link, Span, Tracer } from '@opentelemetry/api';
import type { Diagnostics } from '../diagnostics.ts';

/** How many events and links of one span its provider keeps. */
export interface SpanLimits {
  readonly events: number;
  readonly links: number;
}

/** What OpenTelemetry's specification says, where a provider does not tell. */
const DEFAULT_COUNT = 128;

/** No interface tells them: both lines of the SDK keep them in this field of their tracers. */
interface LimitedTracer extends Tracer {
  readonly _spanLimits?: { readonly eventCountLimit?: unknown; readonly linkCountLimit?: unknown };
}

export function limitsOf(tracer: Tracer | undefined): SpanLimits {
  const { eventCountLimit, linkCountLimit } = (tracer as LimitedTracer | undefined)?._spanLimits ?? {};
  return { events: count(eventCountLimit), links: count(linkCountLimit) };
}

function count(limit: unknown): number {
  return typeof limit === 'number' && limit >= 0 ? limit : DEFAULT_COUNT;
}

/** How many events the span has, where it tells; others than ours write there as well. */
export function eventsOn(span: Span, known: number): number {
  const { events } = span as { readonly events?: unknown };
  return Array.isArray(events) ? events.length : known;
}

/** Leaves the first ones, as many as fit, and says how many did not: a provider would keep the last. */
export function cut(links: Link[] | undefined, limit: number): number {
  if (links === undefined || links.length <= limit) return 0;
  const left = links.length - limit;
  links.length = limit;
  return left;
}

export function warnOfLinks(diagnostics: Diagnostics, left: number, limit: number): void {
  diagnostics.warn(
    'too_many_links',
    `${left} ${left === 1 ? 'link' : 'links'} left out of a span: its provider keeps ${limit} (linkCountLimit); join in several steps, or raise the limit`,
  );
}

export function warnOfEvents(diagnostics: Diagnostics, limit: number): void {
  diagnostics.warn(
    'too_many_events',
    `an event is left out of a span: its provider keeps ${limit} (eventCountLimit), and some are kept free for errors and handoffs; baton.events_dropped counts them`,
  );
}
