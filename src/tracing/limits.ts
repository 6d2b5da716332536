import type { Link, Span, Tracer } from '@opentelemetry/api';
import type { Diagnostics } from '../diagnostics.ts';

/** How many events and links a provider keeps per span. */
export interface SpanLimits {
  readonly events: number;
  readonly links: number;
}

/** The default of OpenTelemetry's specification, used when a provider does not reveal its limits. */
const DEFAULT_COUNT = 128;

/** The API does not expose the limits; both SDK lines keep them in this field of their tracers. */
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

/** Number of events on the span, where it can be read: other code writes events, too. Otherwise `known`. */
export function eventsOn(span: Span, known: number): number {
  const { events } = span as { readonly events?: unknown };
  return Array.isArray(events) ? events.length : known;
}

/** Keeps the first links up to the limit and returns how many were cut: a provider would keep the last. */
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
