import type {
  RecordedAttributes,
  RecordedEvent,
  RecordedLink,
  RecordedSpan,
  RecordedSpanKind,
  RecordedStatus,
} from '../span.ts';

/** A JSON object of unknown content. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** What surrounds a span in an export request. */
export interface SpanOrigin {
  readonly resource: RecordedAttributes;
  readonly scope: string;
}

/** Why a span could not be read: which field, what was expected. */
export class UnreadableSpan extends Error {}

const KINDS: readonly RecordedSpanKind[] = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];
const STATUS_CODES: readonly RecordedStatus['code'][] = ['unset', 'ok', 'error'];
/** `JSON.parse` accepts any depth; following it must not exhaust the stack. */
const MAX_VALUE_DEPTH = 32;

/** One span of OTLP/JSON. Only what places it is required: ids and a start time. */
export function toRecordedSpan(span: JsonObject, { resource, scope }: SpanOrigin): RecordedSpan {
  const startUnixNano = nanos(span.startTimeUnixNano);
  if (startUnixNano === undefined) {
    throw new UnreadableSpan(`expected startTimeUnixNano as nanoseconds, got ${excerpt(span.startTimeUnixNano)}`);
  }
  const endUnixNano = nanos(span.endTimeUnixNano) ?? startUnixNano;
  const parentSpanId = hexId(span.parentSpanId, 16);
  return {
    traceId: requireId(span, 'traceId', 32),
    spanId: requireId(span, 'spanId', 16),
    parentSpanId,
    name: typeof span.name === 'string' ? span.name : '',
    kind: KINDS[indexOf(span.kind, 'SPAN_KIND_', KINDS)] ?? 'unspecified',
    startUnixNano,
    endUnixNano: endUnixNano < startUnixNano ? startUnixNano : endUnixNano,
    attributes: toAttributes(span.attributes),
    events: objects(span.events).map((event) => toEvent(event, startUnixNano)),
    links: objects(span.links).flatMap(toLink),
    status: toStatus(span.status),
    resource,
    scope,
  };
}

/** `[{ key, value }]` as a plain record; a value that is no OTLP value becomes `null`. */
export function toAttributes(list: unknown): RecordedAttributes {
  return keyValues(list, 0);
}

/** The objects of a list; anything else that stands there is no concern of a replay. */
export function objects(list: unknown): JsonObject[] {
  return Array.isArray(list) ? list.filter(isObject) : [];
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value as it may stand in a message: short. */
export function excerpt(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (text === undefined) return 'nothing';
  return text.length > 40 ? `${text.slice(0, 39)}…` : text === '' ? 'an empty text' : text;
}

function requireId(span: JsonObject, field: 'traceId' | 'spanId', digits: number): string {
  const id = hexId(span[field], digits);
  if (id === undefined)
    throw new UnreadableSpan(`expected ${field} as ${digits} hex digits, got ${excerpt(span[field])}`);
  return id;
}

/** OTLP/JSON writes ids as hex digits; Tempo answers in protobuf's own JSON, which writes bytes as Base64. */
function hexId(value: unknown, digits: number): string | undefined {
  if (typeof value !== 'string') return undefined;
  const hex = value.length === digits ? value : fromBase64(value, digits);
  return /^[0-9a-f]+$/i.test(hex) && !/^0+$/.test(hex) ? hex.toLowerCase() : undefined;
}

/** An id of 16 or 8 bytes is 22 or 11 characters and its padding, so it cannot be taken for hex digits. */
function fromBase64(value: string, digits: number): string {
  const bytes = digits / 2;
  if (value.length !== Math.ceil(bytes / 3) * 4 || !/^[A-Za-z0-9+/]+={1,2}$/.test(value)) return '';
  return Array.from(atob(value), (byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join('');
}

/** Protobuf's JSON writes 64-bit integers as strings, many writers as numbers. Zero means not set. */
function nanos(value: unknown): bigint | undefined {
  if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return BigInt(value) || undefined;
  if (typeof value === 'number' && Number.isFinite(value) && value >= 1) return BigInt(Math.trunc(value));
  return undefined;
}

function indexOf(value: unknown, prefix: string, words: readonly string[]): number {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return 0;
  return words.indexOf(value.replace(prefix, '').toLowerCase());
}

function toStatus(value: unknown): RecordedStatus {
  if (!isObject(value)) return { code: 'unset' };
  const code = STATUS_CODES[indexOf(value.code, 'STATUS_CODE_', STATUS_CODES)] ?? 'unset';
  return typeof value.message === 'string' && value.message !== '' ? { code, message: value.message } : { code };
}

function toEvent(event: JsonObject, fallback: bigint): RecordedEvent {
  return {
    name: typeof event.name === 'string' ? event.name : '',
    timeUnixNano: nanos(event.timeUnixNano) ?? fallback,
    attributes: toAttributes(event.attributes),
  };
}

function toLink(link: JsonObject): RecordedLink[] {
  const traceId = hexId(link.traceId, 32);
  const spanId = hexId(link.spanId, 16);
  if (traceId === undefined || spanId === undefined) return [];
  return [{ traceId, spanId, attributes: toAttributes(link.attributes) }];
}

/** `Object.fromEntries` makes even a key named `__proto__` an ordinary one. */
function keyValues(list: unknown, depth: number): RecordedAttributes {
  return Object.fromEntries(
    objects(list).flatMap(({ key, value }) => (typeof key === 'string' ? [[key, toValue(value, depth)] as const] : [])),
  );
}

function toValue(value: unknown, depth: number): unknown {
  if (!isObject(value) || depth > MAX_VALUE_DEPTH) return null;
  if ('stringValue' in value) return String(value.stringValue);
  if ('boolValue' in value) return value.boolValue === true || value.boolValue === 'true';
  if ('intValue' in value) return toInteger(value.intValue);
  if ('doubleValue' in value) return Number(value.doubleValue);
  if (isObject(value.arrayValue)) return objects(value.arrayValue.values).map((item) => toValue(item, depth + 1));
  if (isObject(value.kvlistValue)) return keyValues(value.kvlistValue.values, depth + 1);
  if ('bytesValue' in value) return String(value.bytesValue);
  return null;
}

/** Digits that a number cannot hold stay a text: a wrong number would be worse. */
function toInteger(value: unknown): number | string | null {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  return typeof value === 'string' ? value : Number.isFinite(number) ? number : null;
}
