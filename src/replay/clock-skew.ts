import { ATTR_HANDOFF_ID, ATTR_LINK_TYPE } from '../attributes.ts';
import type { AgentNames } from './agent-names.ts';
import { readText } from './attribute-reader.ts';
import type { ClockSkew } from './session-timeline.ts';
import { type RecordedAttributes, type RecordedSpan, spanKey, spanKeyOfId } from './span.ts';
import { spanRole } from './span-role.ts';
import type { SpanIndex } from './span-tree.ts';

/** Clocks that are kept in step differ by as much: it is put right, and not worth a word. */
const WORTH_TELLING_NANOS = 10_000_000n;

/** Backends keep microseconds: an effect that is nearer to its cause may be told before it. */
const LEAST_NANOS = 1_000n;

/** So many clocks, each behind the one before, are followed. */
const MAX_CHAIN = 64;

/** What must have begun before what: a parent before its child, a request before the run that took over. */
interface Cause {
  readonly cause: RecordedSpan;
  readonly effect: RecordedSpan;
}

/** How far a clock is behind, and which other one says so. */
export interface Lag {
  readonly clock: string;
  readonly than: string;
  readonly nanos: bigint;
}

export interface Aligned {
  readonly members: readonly RecordedSpan[];
  /** What should be told of it. */
  readonly lags: readonly Lag[];
}

/**
 * Puts right what cannot have been: every process has a clock of its own, and where one is behind, what it did seems to have
 * begun before it was asked for. Each clock is moved on by the least that lets all its effects follow their causes. One that
 * is ahead cannot be told from a long wait, and stays as it is.
 */
export function alignClocks(members: readonly RecordedSpan[], index: SpanIndex): Aligned {
  const clocks = new Map(members.map((span) => [span, clockOf(span.resource)]));
  if (new Set(clocks.values()).size < 2) return { members, lags: [] };
  const clock = (span: RecordedSpan): string => clocks.get(span) ?? '';
  const causes = [...causesAmong(members, index)];
  const { lags, agree } = lagsOf(
    causes.filter(({ cause, effect }) => clock(cause) !== clock(effect)),
    clock,
  );
  if (lags.size === 0) return { members, lags: [] };
  const shifts = agree ? undefined : shiftsOf(causes, clock);
  return {
    members: members.map((span) => later(span, (shifts ? shifts.get(span) : lags.get(clock(span))?.nanos) ?? 0n)),
    lags: [...lags.values()].filter(({ nanos }) => nanos >= WORTH_TELLING_NANOS),
  };
}

/** The process that a span was recorded in; where nobody says, its instance or its service. */
export function clockOf(resource: RecordedAttributes): string {
  const text = (key: string): string | undefined => readText(resource, key);
  const [host, process] = [text('host.id') ?? text('host.name'), text('process.pid')];
  if (process !== undefined) return `${host ?? ''}/${process}`;
  // A service for each agent leaves the app's own name in the namespace.
  return text('service.instance.id') ?? host ?? text('service.namespace') ?? text('service.name') ?? '';
}

function* causesAmong(members: readonly RecordedSpan[], index: SpanIndex): Generator<Cause> {
  const mine = new Set(members);
  for (const effect of members) {
    const parent = index.parent(effect);
    if (parent && mine.has(parent)) yield { cause: parent, effect };
    if (spanRole(effect) !== 'run') continue;
    const links = effect.links.filter(({ attributes }) => readText(attributes, ATTR_LINK_TYPE) === 'handoff');
    const handoffs = [...links.map(spanKey), spanKeyOfId(readText(effect.attributes, ATTR_HANDOFF_ID))];
    for (const key of new Set(handoffs)) {
      const cause = index.get(key);
      if (cause && mine.has(cause) && spanRole(cause) === 'handoff') yield { cause, effect };
    }
  }
}

/** By clock, the longest way of lags to it; whether they agree, which those of a clock that was set in between do not. */
function lagsOf(
  causes: readonly Cause[],
  clock: (span: RecordedSpan) => string,
): { readonly lags: ReadonlyMap<string, Lag>; readonly agree: boolean } {
  const lags = new Map<string, Lag>();
  const clocks = Math.min(new Set(causes.map(({ effect }) => clock(effect))).size, MAX_CHAIN);
  for (let round = 0, changed = true; changed; round++) {
    if (round > clocks) return { lags: directLags(causes, clock), agree: false };
    changed = false;
    for (const { cause, effect } of causes) {
      const before = lags.get(clock(cause));
      const nanos = cause.startUnixNano + (before?.nanos ?? 0n) + LEAST_NANOS - effect.startUnixNano;
      if (nanos <= (lags.get(clock(effect))?.nanos ?? 0n)) continue;
      lags.set(clock(effect), { clock: clock(effect), than: before?.than ?? clock(cause), nanos });
      changed = true;
    }
  }
  return { lags, agree: true };
}

function directLags(causes: readonly Cause[], clock: (span: RecordedSpan) => string): Map<string, Lag> {
  const lags = new Map<string, Lag>();
  for (const { cause, effect } of causes) {
    const nanos = cause.startUnixNano + LEAST_NANOS - effect.startUnixNano;
    if (nanos <= (lags.get(clock(effect))?.nanos ?? 0n)) continue;
    lags.set(clock(effect), { clock: clock(effect), than: clock(cause), nanos });
  }
  return lags;
}

/** Span by span: what hangs under an effect of the same clock moves along with it. */
function shiftsOf(causes: readonly Cause[], clock: (span: RecordedSpan) => string): Map<RecordedSpan, bigint> {
  const effectsOf = new Map<RecordedSpan, RecordedSpan[]>();
  for (const { cause, effect } of causes) {
    const known = effectsOf.get(cause);
    if (known) known.push(effect);
    else effectsOf.set(cause, [effect]);
  }
  const shifts = new Map<RecordedSpan, bigint>();
  const rest = [...effectsOf.keys()];
  // Causes that go round in a circle have no order that could be kept.
  for (let steps = causes.length * 8; rest.length > 0 && steps > 0; steps--) {
    const cause = rest.pop() as RecordedSpan;
    const moved = shifts.get(cause) ?? 0n;
    for (const effect of effectsOf.get(cause) ?? []) {
      const isSame = clock(cause) === clock(effect);
      const least = isSame ? moved : cause.startUnixNano + moved + LEAST_NANOS - effect.startUnixNano;
      if (least <= (shifts.get(effect) ?? 0n)) continue;
      shifts.set(effect, least);
      rest.push(effect);
    }
  }
  return shifts;
}

function later(span: RecordedSpan, nanos: bigint): RecordedSpan {
  if (nanos === 0n) return span;
  return {
    ...span,
    startUnixNano: span.startUnixNano + nanos,
    endUnixNano: span.endUnixNano + nanos,
    events: span.events.map((event) => ({ ...event, timeUnixNano: event.timeUnixNano + nanos })),
  };
}

/** The lags for people: by the agents that ran there. */
export function describeSkews(
  lags: readonly Lag[],
  members: readonly RecordedSpan[],
  names: AgentNames,
): ClockSkew[] | undefined {
  if (lags.length === 0) return undefined;
  const byClock = new Map<string, RecordedSpan[]>(
    lags.flatMap(({ clock, than }) => [
      [clock, []],
      [than, []],
    ]),
  );
  for (const span of members) byClock.get(clockOf(span.resource))?.push(span);
  const nameOf = (clock: string): string => {
    const there = byClock.get(clock) ?? [];
    const runs = there.filter((span) => spanRole(span) === 'run');
    const agents = [...new Set(runs.flatMap((run) => names.of(run)?.name ?? []))];
    const [first, second, ...more] = agents.length > 0 ? agents : [serviceOf(there[0]?.resource ?? {}) ?? clock];
    return [first, second, more.length > 0 ? `${more.length} more` : undefined].filter(Boolean).join(', ');
  };
  return lags.map(({ clock, than, nanos }) => {
    const [one, other] = [nameOf(clock), nameOf(than)];
    const isTwice = one === other;
    return {
      clock: isTwice ? `${one} (${clock})` : one,
      than: isTwice ? `${other} (${than})` : other,
      behindMs: Number(nanos) / 1e6,
    };
  });
}

function serviceOf(resource: RecordedAttributes): string | undefined {
  return readText(resource, 'service.name');
}
