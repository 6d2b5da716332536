import type { RecordedAttributes, RecordedEvent, RecordedLink, RecordedSpan, RecordedSpanKind } from '../span.ts';
import { excerpt } from './excerpt.ts';
import {
  dropsOf,
  hexId,
  isObject,
  type JsonObject,
  objects,
  requireId,
  UnreadableSpan,
  type UnreadSpan,
} from './otlp-span.ts';

// What Jaeger's UI saves as JSON, and what its older API answers: a model of its own, with tags, logs and references. Tags
// that begin with "otel." stand for parts of a span that it has no place for (OpenTelemetry's "to Jaeger" transformation).

/** One of the traces in `{"data":[…]}`. */
export function isJaegerTrace(value: JsonObject): boolean {
  return Array.isArray(value.spans) && ('traceID' in value || isObject(value.processes));
}

export function* readJaegerTrace({ spans, processes }: JsonObject): Generator<UnreadSpan> {
  const resources = new Map<unknown, RecordedAttributes>();
  for (const [id, process] of Object.entries(isObject(processes) ? processes : {})) {
    if (!isObject(process)) continue;
    const name = typeof process.serviceName === 'string' ? { 'service.name': process.serviceName } : {};
    resources.set(id, { ...tagsOf(process.tags), ...name });
  }
  for (const span of objects(spans)) {
    const own = isObject(span.process) ? tagsOf(span.process.tags) : {};
    const resource = resources.get(span.processID) ?? own;
    yield { name: span.operationName, read: () => toRecordedSpan(span, resource) };
  }
}

const KINDS: readonly RecordedSpanKind[] = ['internal', 'server', 'client', 'producer', 'consumer'];
/** As nanoseconds they still fit into OTLP's 64 bits. */
const MAX_MICROS = 2 ** 63 / 1_000;
/** Told in a place of their own. */
const OWN_PLACE = /^(?:otel\.(?:scope|library|status|dropped)[._]|span\.kind$|error$|internal\.span\.format$|@jaeger@)/;

function toRecordedSpan(span: JsonObject, resource: RecordedAttributes): RecordedSpan {
  const tags = tagsOf(span.tags);
  const start = nanos(span.startTime);
  if (start === undefined) {
    throw new UnreadableSpan(`expected startTime as microseconds, got ${excerpt(span.startTime)}`);
  }
  const traceId = requireId('traceID', padded(span.traceID, 32), 32);
  const links = referencesOf(span.references);
  const parent = links.find((link) => link.isChild && link.traceId === traceId);
  const { 'otel.scope.name': scope, 'otel.library.name': library, 'span.kind': kind } = tags;
  const name = typeof span.operationName === 'string' ? span.operationName : '';
  return {
    traceId,
    spanId: requireId('spanID', padded(span.spanID, 16), 16),
    parentSpanId: parent?.spanId ?? hexId(padded(span.parentSpanID, 16), 16),
    name,
    kind: KINDS.find((word) => word === kind) ?? 'unspecified',
    startUnixNano: start,
    endUnixNano: start + (nanos(span.duration) ?? 0n),
    attributes: withoutOwnPlaces(tags),
    events: objects(span.logs).map((log) => toEvent(log, start)),
    links: links.filter((link) => link !== parent).map(({ traceId, spanId }) => ({ traceId, spanId, attributes: {} })),
    status: statusOf(tags),
    resource,
    scope: [scope, library].find((text) => typeof text === 'string') ?? '',
    dropped: dropsOf({
      attributes: tags['otel.dropped_attributes_count'],
      events: tags['otel.dropped_events_count'],
      links: tags['otel.dropped_links_count'],
    }),
  };
}

function statusOf(tags: RecordedAttributes): RecordedSpan['status'] {
  const { 'otel.status_code': code, 'otel.status_description': message, error } = tags;
  if (code !== 'ERROR' && error !== true && error !== 'true') return { code: code === 'OK' ? 'ok' : 'unset' };
  return typeof message === 'string' && message !== '' ? { code: 'error', message } : { code: 'error' };
}

function toEvent(log: JsonObject, fallback: bigint): RecordedEvent {
  const { event, ...attributes } = tagsOf(log.fields);
  return { name: typeof event === 'string' ? event : '', timeUnixNano: nanos(log.timestamp) ?? fallback, attributes };
}

function referencesOf(list: unknown): (Omit<RecordedLink, 'attributes'> & { readonly isChild: boolean })[] {
  return objects(list).flatMap((reference) => {
    const traceId = hexId(padded(reference.traceID, 32), 32);
    const spanId = hexId(padded(reference.spanID, 16), 16);
    if (traceId === undefined || spanId === undefined) return [];
    return [{ traceId, spanId, isChild: reference.refType === 'CHILD_OF' }];
  });
}

function tagsOf(list: unknown): RecordedAttributes {
  return Object.fromEntries(
    objects(list).flatMap(({ key, value }) => (typeof key === 'string' ? [[key, primitive(value)] as const] : [])),
  );
}

function withoutOwnPlaces(tags: RecordedAttributes): RecordedAttributes {
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !OWN_PLACE.test(key)));
}

/** Old versions leave out leading zeros. */
function padded(id: unknown, digits: number): unknown {
  return typeof id === 'string' && id !== '' ? id.padStart(digits, '0') : id;
}

function nanos(micros: unknown): bigint | undefined {
  const number = typeof micros === 'string' ? Number(micros) : micros;
  if (typeof number !== 'number' || !(number >= 1 && number <= MAX_MICROS)) return undefined;
  return BigInt(Math.round(number)) * 1_000n;
}

function primitive(value: unknown): unknown {
  return typeof value === 'object' ? null : value;
}
