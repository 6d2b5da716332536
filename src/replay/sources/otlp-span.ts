import type {
  RecordedAttributes,
  RecordedDrops,
  RecordedEvent,
  RecordedLink,
  RecordedSpan,
  RecordedSpanKind,
  RecordedStatus,
} from '../span.ts';
import { excerpt } from './excerpt.ts';

/** A JSON object of unknown content. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** What surrounds a span in an export request. */
export interface SpanOrigin {
  readonly resource: RecordedAttributes;
  readonly scope: string;
}

/** A span that may turn out to be none. */
export interface UnreadSpan {
  readonly name: unknown;
  /** @throws UnreadableSpan */
  readonly read: () => RecordedSpan;
}

/** Why a span could not be read: which field, what was expected. */
export class UnreadableSpan extends Error {}

const KINDS: readonly RecordedSpanKind[] = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];
const STATUS_CODES: readonly RecordedStatus['code'][] = ['unset', 'ok', 'error'];
/** `JSON.parse` accepts any depth; following it must not exhaust the stack. */
const MAX_VALUE_DEPTH = 32;

/** One span of OTLP/JSON. Only what places it is required: ids and a start time. */
export function toRecordedSpan(span: JsonObject, { resource, scope }: SpanOrigin): RecordedSpan {
  const start = field(span, 'startTimeUnixNano');
  const startUnixNano = nanos(start);
  if (startUnixNano === undefined) {
    throw new UnreadableSpan(`expected startTimeUnixNano as nanoseconds, got ${excerpt(start)}`);
  }
  const endUnixNano = nanos(field(span, 'endTimeUnixNano')) ?? startUnixNano;
  const events = objects(span.events);
  const links = objects(span.links);
  return {
    traceId: requireId('traceId', field(span, 'traceId'), 32),
    spanId: requireId('spanId', field(span, 'spanId'), 16),
    parentSpanId: hexId(field(span, 'parentSpanId'), 16),
    name: typeof span.name === 'string' ? span.name : '',
    kind: KINDS[indexOf(span.kind, 'SPAN_KIND_', KINDS)] ?? 'unspecified',
    startUnixNano,
    endUnixNano: endUnixNano < startUnixNano ? startUnixNano : endUnixNano,
    attributes: toAttributes(span.attributes),
    events: events.map((event) => toEvent(event, startUnixNano)),
    links: links.flatMap(toLink),
    status: toStatus(span.status),
    resource,
    scope,
    dropped: dropsOf({
      attributes: [span, ...events, ...links].reduce(
        (sum, one) => sum + count(field(one, 'droppedAttributesCount')),
        0,
      ),
      events: field(span, 'droppedEventsCount'),
      links: field(span, 'droppedLinksCount'),
    }),
  };
}

/** `[{ key, value }]` as a plain record, and a plain record as it is; a value that is no OTLP value becomes `null`. */
export function toAttributes(list: unknown): RecordedAttributes {
  return isObject(list) ? plainRecord(list, 0) : keyValues(list, 0);
}

/** The objects of a list; anything else that stands there is no concern of a replay. */
export function objects(list: unknown): JsonObject[] {
  return Array.isArray(list) ? list.filter(isObject) : [];
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A field under its name in JSON, or under that of the protocol: `startTimeUnixNano`, `start_time_unix_nano`. */
export function field(object: JsonObject, name: string): unknown {
  return object[name] ?? object[nameInProtocol(name)];
}

const namesInProtocol = new Map<string, string>();

function nameInProtocol(name: string): string {
  const known = namesInProtocol.get(name);
  if (known !== undefined) return known;
  const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  namesInProtocol.set(name, snake);
  return snake;
}

/** What the limits of an SDK kept out; `undefined` where nothing was. */
export function dropsOf(counts: Readonly<Record<keyof RecordedDrops, unknown>>): RecordedDrops | undefined {
  const drops = { attributes: count(counts.attributes), events: count(counts.events), links: count(counts.links) };
  return drops.attributes + drops.events + drops.links > 0 ? drops : undefined;
}

function count(value: unknown): number {
  const number = typeof value === 'string' ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number > 0 ? number : 0;
}

/** @throws UnreadableSpan */
export function requireId(name: string, value: unknown, digits: number): string {
  const id = hexId(value, digits);
  if (id === undefined) throw new UnreadableSpan(`expected ${name} as ${digits} hex digits, got ${excerpt(value)}`);
  return id;
}

/** OTLP/JSON writes ids as hex digits; Tempo answers in protobuf's own JSON, which writes bytes as Base64. */
export function hexId(value: unknown, digits: number): string | undefined {
  if (typeof value !== 'string') return undefined;
  const hex = value.length === digits ? value : fromBase64(value, digits);
  return /^[0-9a-f]+$/i.test(hex) && !/^0+$/.test(hex) ? hex.toLowerCase() : undefined;
}

/** An id of 16 or 8 bytes is 22 or 11 characters and maybe padding, so it cannot be taken for hex digits. */
function fromBase64(value: string, digits: number): string {
  const length = Math.ceil((digits / 2) * (4 / 3));
  const text = value
    .replace(/={1,2}$/, '')
    .replaceAll('-', '+')
    .replaceAll('_', '/');
  if (text.length !== length || !/^[A-Za-z0-9+/]+$/.test(text)) return '';
  return Array.from(atob(text), (byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join('');
}

/** The largest number of 64 bits. */
const MAX_NANOS = 2n ** 64n - 1n;

/** Protobuf's JSON writes 64-bit integers as strings, many writers as numbers. Zero means not set. */
function nanos(value: unknown): bigint | undefined {
  const isDigits = typeof value === 'string' && /^\d{1,20}$/.test(value);
  const isNumber = typeof value === 'number' && value >= 1 && value < 2 ** 64;
  if (!isDigits && !isNumber) return undefined;
  const nanoseconds = BigInt(isNumber ? Math.trunc(value) : value);
  return nanoseconds > 0n && nanoseconds <= MAX_NANOS ? nanoseconds : undefined;
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
    timeUnixNano: nanos(field(event, 'timeUnixNano')) ?? fallback,
    attributes: toAttributes(event.attributes),
  };
}

function toLink(link: JsonObject): RecordedLink[] {
  const traceId = hexId(field(link, 'traceId'), 32);
  const spanId = hexId(field(link, 'spanId'), 16);
  if (traceId === undefined || spanId === undefined) return [];
  return [{ traceId, spanId, attributes: toAttributes(link.attributes) }];
}

/** `Object.fromEntries` makes even a key named `__proto__` an ordinary one. */
function keyValues(list: unknown, depth: number): RecordedAttributes {
  return Object.fromEntries(
    objects(list).flatMap(({ key, value }) => (typeof key === 'string' ? [[key, toValue(value, depth)] as const] : [])),
  );
}

function plainRecord(record: JsonObject, depth: number): RecordedAttributes {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, plainValue(value, depth)]));
}

/** Without OTLP's wrapping, as other writers have it. */
function plainValue(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_VALUE_DEPTH) return null;
  return Array.isArray(value)
    ? value.map((item) => plainValue(item, depth + 1))
    : plainRecord(value as JsonObject, depth + 1);
}

function toValue(value: unknown, depth: number): unknown {
  if (!isObject(value)) return plainValue(value, depth);
  if (depth > MAX_VALUE_DEPTH) return null;
  const text = primitive(field(value, 'stringValue')) ?? primitive(field(value, 'bytesValue'));
  if (text !== undefined) return String(text);
  const flag = field(value, 'boolValue');
  if (flag !== undefined) return flag === true || flag === 'true';
  const integer = primitive(field(value, 'intValue'));
  if (integer !== undefined) return toInteger(integer);
  const double = primitive(field(value, 'doubleValue'));
  if (double !== undefined) return Number(double);
  const [list, record] = [field(value, 'arrayValue'), field(value, 'kvlistValue')];
  if (isObject(list)) return objects(list.values).map((item) => toValue(item, depth + 1));
  return isObject(record) ? keyValues(record.values, depth + 1) : null;
}

/** Not what is nested: turned into a text it could exhaust the stack. */
function primitive(value: unknown): string | number | boolean | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined;
}

/** Digits that a number cannot hold stay a text: a wrong number would be worse. */
function toInteger(value: string | number | boolean): number | string | null {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  return typeof value === 'string' ? value : Number.isFinite(number) ? number : null;
}
