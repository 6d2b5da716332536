import {
  type Attributes,
  type Context,
  isSpanContextValid,
  type Link,
  propagation,
  type SpanKind,
  trace,
} from '@opentelemetry/api';
import { ATTR_SESSION_ID, ATTR_SESSION_SAMPLED } from '../attributes.ts';
import { BatonError, describe } from '../errors.ts';

export interface SessionSamplerOptions {
  /** The share of sessions to keep, from 0 to 1. Required. */
  readonly ratio: number;
  /**
   * Leaves the decision to a tail sampler. Every span is sampled. Each span at which a trace enters the process has the
   * attribute `baton.session.sampled`: whether its session belongs to the share. A Collector then keeps those sessions, and
   * also the failed ones.
   * @defaultValue `false`
   */
  readonly tail?: boolean | undefined;
}

/** A sampler of either SDK line. */
export interface SessionSampler {
  shouldSample(
    context: Context,
    traceId: string,
    spanName: string,
    spanKind: SpanKind,
    attributes: Attributes,
    links: Link[],
  ): SamplingDecision;
  toString(): string;
}

export interface SamplingDecision {
  /**
   * OpenTelemetry's numbers:
   *
   * - `0`: the span is dropped.
   * - `2`: the span is recorded and exported.
   */
  readonly decision: 0 | 2;
  readonly attributes?: Attributes;
}

const DROP: SamplingDecision = { decision: 0 };
const KEEP: SamplingDecision = { decision: 2 };
const IN_SHARE: SamplingDecision = { decision: 2, attributes: { [ATTR_SESSION_SAMPLED]: true } };
const OUT_OF_SHARE: SamplingDecision = { decision: 2, attributes: { [ATTR_SESSION_SAMPLED]: false } };

/**
 * Samples whole sessions. A hash of `session.id` decides, so that every trace of a session is kept or none is, in every
 * process that samples the same share. Descendants of a sampled span are kept with it. A span without a session, such as the
 * HTTP request above one, follows its parent. Without a parent, the same share of trace ids is kept. A `session.id` in the
 * baggage counts.
 *
 * @example
 * ```ts
 * new NodeSDK({ sampler: sessionSampler({ ratio: 0.1 }) });
 * ```
 * @throws BatonError `invalid_option` when `ratio` is not a number from 0 to 1
 */
export function sessionSampler(options: SessionSamplerOptions): SessionSampler {
  const ratio: unknown = options?.ratio;
  if (typeof ratio !== 'number' || !(ratio >= 0 && ratio <= 1)) {
    throw new BatonError('invalid_option', `ratio: expected a number from 0 to 1, got ${describe(ratio)}`);
  }
  const inShare = (id: string): boolean => hash(id) < ratio * 2 ** 32;
  if (options.tail) return { shouldSample: mark(inShare), toString: () => `SessionSampler{${ratio}, tail}` };
  return { shouldSample: choose(inShare), toString: () => `SessionSampler{${ratio}}` };
}

type ShouldSample = SessionSampler['shouldSample'];

function choose(inShare: (id: string) => boolean): ShouldSample {
  return (context, traceId, _name, _kind, attributes) => {
    const parent = parentOf(context);
    if (parent && (parent.traceFlags & 1) === 1) return KEEP;
    // Also below an unsampled request: the share of sessions must not depend on where each one entered.
    const session = sessionOf(attributes, context);
    if (session === undefined && parent) return DROP;
    return inShare(session ?? traceId) ? KEEP : DROP;
  };
}

function mark(inShare: (id: string) => boolean): ShouldSample {
  return (context, traceId, _name, _kind, attributes) => {
    const parent = parentOf(context);
    if (parent && !parent.isRemote) return KEEP;
    return inShare(sessionOf(attributes, context) ?? traceId) ? IN_SHARE : OUT_OF_SHARE;
  };
}

function parentOf(context: Context) {
  const parent = trace.getSpanContext(context);
  return parent && isSpanContextValid(parent) ? parent : undefined;
}

function sessionOf(attributes: Attributes, context: Context): string | undefined {
  const id = attributes[ATTR_SESSION_ID] ?? propagation.getBaggage(context)?.getEntry(ATTR_SESSION_ID)?.value;
  return typeof id === 'string' && id !== '' ? id : undefined;
}

/**
 * FNV-1a over the UTF-16 code units, then MurmurHash3's finaliser: ids that differ in the last digit alone must not fall on
 * the same side. Every release must give the same number, or processes would disagree.
 */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
