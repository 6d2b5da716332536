import type { TimelineUsage } from '../session-timeline.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** For people: `420µs`, `2.3ms`, `90ms`, `1.65s`, `16.5s`, `2m 05s`, `1h 02m`, `3d 4h`. */
export function formatDuration(ms: number): string {
  if (!(ms > 0)) return '0s';
  if (ms < 0.9995) return `${Math.max(1, Math.round(ms * 1000))}µs`;
  if (ms < 9.95) return `${ms.toFixed(1)}ms`;
  if (ms < 999.5) return `${Math.round(ms)}ms`;
  if (ms < 9_995) return `${(ms / SECOND).toFixed(2)}s`;
  if (ms < 59_950) return `${(ms / SECOND).toFixed(1)}s`;
  const seconds = Math.round(ms / SECOND);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`;
  const minutes = Math.round(ms / MINUTE);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)}h ${two(minutes % 60)}m`;
  const hours = Math.round(ms / HOUR);
  return `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

/** How to write offsets within a session of this length, so that all of them look alike and can be compared. */
export function offsetFormat(sessionMs: number): (offsetMs: number) => string {
  const format = unsignedFormat(sessionMs);
  return (ms) => `${ms < 0 ? '-' : '+'}${format(Math.abs(ms))}`;
}

function unsignedFormat(sessionMs: number): (ms: number) => string {
  if (sessionMs < 100) return (ms) => `${ms.toFixed(2)}ms`;
  if (sessionMs < MINUTE) return (ms) => `${(ms / SECOND).toFixed(3)}s`;
  if (sessionMs < HOUR) {
    return (ms) =>
      `${Math.floor(ms / MINUTE)}:${two(Math.floor((ms % MINUTE) / SECOND))}.${Math.floor((ms % SECOND) / 100)}`;
  }
  return (ms) => {
    const days = Math.floor(ms / DAY);
    const clock = [(ms % DAY) / HOUR, (ms % HOUR) / MINUTE, (ms % MINUTE) / SECOND];
    const time = clock.map((part) => two(Math.floor(part))).join(':');
    return sessionMs < DAY ? time : `${days}d ${time}`;
  };
}

/** `2026-11-21 09:00:00.600 UTC`: the same for everybody who reads it. */
export function formatTime(unixMs: number): string {
  const date = new Date(unixMs);
  if (Number.isNaN(date.getTime())) return 'at an unknown time';
  return `${date.toISOString().replace('T', ' ').replace('Z', '')} UTC`;
}

/** `2,310 → 184 tokens`: in and out; and what they cost. What is nothing is left out. */
export function formatUsage({ inputTokens, outputTokens, cost }: TimelineUsage): string[] {
  const tokens =
    inputTokens && outputTokens
      ? [`${count(inputTokens)} → ${count(outputTokens)} tokens`]
      : [...amount(inputTokens, 'tokens in'), ...amount(outputTokens, 'tokens out')];
  return [...tokens, ...formatCost(cost)];
}

/** The same in full, for a whole session. */
export function formatUsageInFull(usage: TimelineUsage): string[] {
  return [
    ...amount(usage.inputTokens, 'tokens in'),
    ...amount(usage.cacheReadTokens, 'from cache'),
    ...amount(usage.cacheCreationTokens, 'into cache'),
    ...amount(usage.outputTokens, 'tokens out'),
    ...amount(usage.reasoningTokens, 'for reasoning'),
    ...formatCost(usage.cost),
  ];
}

function formatCost(cost: TimelineUsage['cost'] = {}): string[] {
  return byKey(cost).flatMap(([currency, sum]) => (sum === 0 ? [] : [money(currency, sum)]));
}

/** The entries in one order, whatever order they came in. */
export function byKey<Value>(record: Readonly<Record<string, Value>>): [key: string, value: Value][] {
  return Object.entries(record).sort(([one], [other]) => (one < other ? -1 : 1));
}

/** `1 handoff`, `2 handoffs`. */
export function counted(number: number, noun: string): string {
  return `${count(number)} ${noun}${number === 1 ? '' : 's'}`;
}

function amount(number: number | undefined, what: string): string[] {
  return number ? [`${count(number)} ${number === 1 ? what.replace('tokens', 'token') : what}`] : [];
}

/** Smaller sums have more digits than anybody reads. */
const LEAST_MONEY = 0.0001;

function money(currency: string, sum: number): string {
  const isTiny = sum > 0 && sum < LEAST_MONEY;
  const digits = isTiny ? LEAST_MONEY : Number(sum.toFixed(Math.abs(sum) < 1 ? 4 : 2));
  const text = currency.toLowerCase() === 'usd' ? `$${digits}` : `${digits} ${currency.toUpperCase()}`;
  return isTiny ? `< ${text}` : text;
}

/** Not by locale: the output is the same on every machine. */
function count(number: number): string {
  if (!Number.isSafeInteger(number)) return String(number);
  return String(number).replace(/\B(?=(\d{3})+$)/g, ',');
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
