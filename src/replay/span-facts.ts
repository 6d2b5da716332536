import {
  ATTR_ERROR_TYPE,
  ATTR_EVENTS_DROPPED,
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_TYPE,
  ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_OUTPUT_TOKENS,
  ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
  ATTR_LINKS_DROPPED,
  EVENT_EXCEPTION,
  EVENT_HANDOFF_ACCEPTED,
  EVENT_HANDOFF_COMPLETED,
  EVENT_HANDOFF_EXPIRED,
  EVENT_HANDOFF_FAILED,
  EVENT_HANDOFF_LOOP,
  EVENT_HANDOFF_REJECTED,
  EVENT_HANDOFF_RETURNED,
  PREFIX_USAGE_COST,
} from '../attributes.ts';
import { readNumber, readPrefixed, readText } from './attribute-reader.ts';
import type { SessionClock } from './session-clock.ts';
import type { TimelineDrops, TimelineError, TimelineEvent, TimelineUsage } from './session-timeline.ts';
import { compareBigint, type RecordedAttributes, type RecordedSpan } from './span.ts';

/** Told as part of a handoff or of the statistics, and not a second time. */
const TOLD_ELSEWHERE: ReadonlySet<string> = new Set([
  EVENT_HANDOFF_ACCEPTED,
  EVENT_HANDOFF_COMPLETED,
  EVENT_HANDOFF_EXPIRED,
  EVENT_HANDOFF_FAILED,
  EVENT_HANDOFF_LOOP,
  EVENT_HANDOFF_REJECTED,
  EVENT_HANDOFF_RETURNED,
]);

/** Why a span failed, by its status: an exception on a span that did not fail was dealt with. */
export function spanError(span: RecordedSpan): TimelineError | undefined {
  if (span.status.code !== 'error') return undefined;
  const exception = span.events.findLast(({ name }) => name === EVENT_EXCEPTION)?.attributes ?? {};
  return {
    type: readText(span.attributes, ATTR_ERROR_TYPE) ?? readText(exception, ATTR_EXCEPTION_TYPE),
    message: span.status.message ?? readText(exception, ATTR_EXCEPTION_MESSAGE),
  };
}

/** What the app told of, oldest first: backends sort events by name. */
export function spanEvents(span: RecordedSpan, clock: SessionClock): TimelineEvent[] {
  const error = spanError(span);
  return span.events
    .filter(
      ({ name, attributes }) => !TOLD_ELSEWHERE.has(name) && !(name === EVENT_EXCEPTION && tells(attributes, error)),
    )
    .sort((one, other) => compareBigint(one.timeUnixNano, other.timeUnixNano))
    .map(({ name, timeUnixNano, attributes }) => ({
      name,
      startUnixMs: clock.unixMs(timeUnixNano),
      offsetMs: clock.offsetMs(timeUnixNano),
      attributes,
    }));
}

/** Whether an `exception` event is the reason of the failure, and not an error that the app dealt with before. */
function tells(exception: RecordedAttributes, error: TimelineError | undefined): boolean {
  const message = readText(exception, ATTR_EXCEPTION_MESSAGE);
  return error !== undefined && error.message === message && readText(exception, ATTR_EXCEPTION_TYPE) === error.type;
}

/** Beside the names of today's conventions those of instrumentations that people have; the first that says something counts. */
const INPUT_TOKENS = [
  ATTR_GEN_AI_USAGE_INPUT_TOKENS,
  'gen_ai.usage.prompt_tokens',
  'llm.token_count.prompt',
  'ai.usage.inputTokens',
  'ai.usage.promptTokens',
];
const OUTPUT_TOKENS = [
  ATTR_GEN_AI_USAGE_OUTPUT_TOKENS,
  'gen_ai.usage.completion_tokens',
  'llm.token_count.completion',
  'ai.usage.outputTokens',
  'ai.usage.completionTokens',
];

export function readUsage(attributes: RecordedAttributes): TimelineUsage | undefined {
  const cost = Object.entries(readPrefixed(attributes, PREFIX_USAGE_COST)).filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number' && Number.isFinite(entry[1]),
  );
  const first = (keys: readonly string[]) =>
    keys.map((key) => readNumber(attributes, key)).find((one) => one !== undefined);
  const usage: TimelineUsage = {
    inputTokens: first(INPUT_TOKENS),
    outputTokens: first(OUTPUT_TOKENS),
    cacheReadTokens: readNumber(attributes, ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS),
    cacheCreationTokens: readNumber(attributes, ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS),
    reasoningTokens: readNumber(attributes, ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS),
    cost: cost.length > 0 ? Object.fromEntries(cost) : undefined,
  };
  return Object.values(usage).some((value) => value !== undefined) ? usage : undefined;
}

/** What is missing of a span: dropped by the SDK, or left out by Baton before the SDK's limits would have cut something else. */
export function spanDrops({ dropped, attributes }: RecordedSpan): TimelineDrops | undefined {
  const events = readNumber(attributes, ATTR_EVENTS_DROPPED) ?? 0;
  const links = readNumber(attributes, ATTR_LINKS_DROPPED) ?? 0;
  if (events + links === 0) return dropped;
  return {
    attributes: dropped?.attributes ?? 0,
    events: events + (dropped?.events ?? 0),
    links: links + (dropped?.links ?? 0),
  };
}

/** What was dropped of all of these; `undefined` where nothing was. */
export function sumDrops(spans: readonly RecordedSpan[]): TimelineDrops | undefined {
  const drops = spans.flatMap((span) => spanDrops(span) ?? []);
  const sum = (key: keyof TimelineDrops) => drops.reduce((total, one) => total + one[key], 0);
  return drops.length === 0 ? undefined : { attributes: sum('attributes'), events: sum('events'), links: sum('links') };
}

/** Both together; `undefined` where neither said anything. */
export function addUsage(one: TimelineUsage | undefined, other: TimelineUsage | undefined): TimelineUsage | undefined {
  return combine(one, other, (a, b) => a + b);
}

/** Of two reports of the same: the larger amounts, for who reports less has not seen all. */
export function largerUsage(
  one: TimelineUsage | undefined,
  other: TimelineUsage | undefined,
): TimelineUsage | undefined {
  return combine(one, other, Math.max);
}

type Combine = (one: number, other: number) => number;

function combine(
  one: TimelineUsage | undefined,
  other: TimelineUsage | undefined,
  both: Combine,
): TimelineUsage | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const amount = (a: number | undefined, b: number | undefined) =>
    a === undefined || b === undefined ? (a ?? b) : both(a, b);
  return {
    inputTokens: amount(one.inputTokens, other.inputTokens),
    outputTokens: amount(one.outputTokens, other.outputTokens),
    cacheReadTokens: amount(one.cacheReadTokens, other.cacheReadTokens),
    cacheCreationTokens: amount(one.cacheCreationTokens, other.cacheCreationTokens),
    reasoningTokens: amount(one.reasoningTokens, other.reasoningTokens),
    cost: combineCost(one.cost, other.cost, both),
  };
}

function combineCost(one: TimelineUsage['cost'], other: TimelineUsage['cost'], both: Combine): TimelineUsage['cost'] {
  if (one === undefined || other === undefined) return one ?? other;
  const costs = new Map(Object.entries(one));
  for (const [currency, amount] of Object.entries(other)) costs.set(currency, both(costs.get(currency) ?? 0, amount));
  return Object.fromEntries(costs);
}
