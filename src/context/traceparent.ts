import { isSpanContextValid, type SpanContext } from '@opentelemetry/api';

/**
 * A Baton id is a span context: the W3C `traceparent` of the span that it names. So it works in any process, and a
 * person can copy the trace id from it into a backend.
 */
export function formatTraceparent(context: SpanContext): string {
  return `00-${context.traceId}-${context.spanId}-${(context.traceFlags & 1) === 1 ? '01' : '00'}`;
}

// Later versions may append fields after the flags. Baton writes version 00.
const TRACEPARENT =
  /^(?:00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})|(?!00|ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?)$/;

/**
 * The span context that an id names; `undefined` for an invalid id. It is marked remote, because it may belong to
 * another process.
 */
export function parseTraceparent(id: unknown): SpanContext | undefined {
  const match = typeof id === 'string' ? TRACEPARENT.exec(id) : null;
  if (!match) return undefined;
  const [, traceId = match[4] ?? '', spanId = match[5] ?? '', flags = match[6] ?? ''] = match;
  const context: SpanContext = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
  return isSpanContextValid(context) ? context : undefined;
}

/** The same with even flags, and without ids that are all zeros. */
const NOT_SAMPLED =
  /^(?!ff)(?:00(?=.{53}$)|(?!00)[0-9a-f]{2})-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f][02468ace](?:-.*)?$/;

/** Whether an id names a span that was not sampled. Asked for each call that names a run, so nothing is parsed for it. */
export function isUnsampled(id: unknown): boolean {
  return typeof id === 'string' && NOT_SAMPLED.test(id);
}

/** Random once per process, then counted: ids that name no span must cost next to nothing. */
const unrecordedTrace = `00-${randomHex(24)}`;
const unrecordedSpan = `-${randomHex(8)}`;
let unrecorded = 0;

/** A unique id in valid form, for use where no trace is recorded. */
export function unrecordedId(): string {
  unrecorded = (unrecorded + 1) % 0x1_0000_0000;
  const count = (0x1_0000_0000 + unrecorded).toString(16).slice(1);
  return `${unrecordedTrace}${count}${unrecordedSpan}${count}-00`;
}

/** Lower-case hex digits, never all zero. Ids are not secrets, so `Math.random` is enough; the SDK uses it, too. */
function randomHex(digits: 8 | 24 | 32): string {
  let hex = '';
  for (let index = 0; index < digits; index += 8) {
    hex += (Math.floor(Math.random() * 0xfffffffe) + 1).toString(16).padStart(8, '0');
  }
  return hex;
}

/** A session id for an app that gives none. */
export function randomSessionId(): string {
  const { crypto } = globalThis as { crypto?: { randomUUID?: () => string } };
  if (crypto?.randomUUID) return crypto.randomUUID();
  const hex = randomHex(32);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
