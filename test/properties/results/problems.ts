/** What is wrong with what an app saw, and with the spans that were recorded. */
import { SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { KINDS } from './kinds.ts';
import type { Played } from './player.ts';
import type { Program } from './programs.ts';

/** What the app saw otherwise than without Baton. */
export function differences(bare: readonly string[], recorded: readonly string[]): string[] {
  const most = Math.max(bare.length, recorded.length);
  for (let line = 0; line < most; line++) {
    if (bare[line] !== recorded[line]) return [`line ${line}: without "${bare[line]}", with "${recorded[line]}"`];
  }
  return [];
}

/** Microseconds, exact: an HrTime as one number loses some. */
function micros([seconds, nanos]: readonly [number, number]): number {
  return seconds * 1e6 + nanos / 1e3;
}

/** True when all scopes of the program end with its result, and with nothing else. */
function isPlain({ chains }: Program): boolean {
  return (
    chains.length === 1 &&
    chains.every(
      ({ escapes, layers }) =>
        !escapes &&
        layers.every(
          ({ async, early, until, scope }) => !async && early === 'no' && until === 'none' && scope !== 'per-run',
        ),
    )
  );
}

/** Doors that nobody can watch. */
const UNSEEN: ReadonlySet<string> = new Set([
  'method of the prototype',
  'next of the object',
  'as a sync iterable',
  'then without listeners',
]);

const MARK = 'baton.metadata.mark';

/** What is wrong with the spans of a program that was played with everything recorded. */
export function problemsOf(
  program: Program,
  played: Played,
  spans: readonly ReadableSpan[],
  contextManager: boolean,
): string[] {
  const problems: string[] = [];
  const byMark = new Map<string, ReadableSpan>();
  for (const span of spans) {
    const mark = span.attributes[MARK];
    if (typeof mark === 'string') {
      if (byMark.has(mark)) problems.push(`${mark} ended twice`);
      byMark.set(mark, span);
    }
    if (micros(span.endTime) < micros(span.startTime)) problems.push(`${span.name} ends before it starts`);
  }
  for (const { mark, layer, outer } of played.opened) {
    const span = byMark.get(mark);
    if (!span) {
      problems.push(`${mark} ${layer.scope} has no span`);
      continue;
    }
    const parent = outer === undefined ? undefined : byMark.get(outer);
    const isApart =
      layer.scope === 'run' && played.opened.find(({ mark }) => mark === outer)?.layer.scope === 'per-run';
    if (contextManager && parent && !isApart && span.parentSpanContext?.spanId !== parent.spanContext().spanId) {
      problems.push(`${mark} ${layer.scope} does not hang below ${outer}`);
    }
  }
  if (!isPlain(program)) return problems;
  const inOrder = played.opened.map(({ mark }) => byMark.get(mark)).filter((span) => span !== undefined);
  for (let index = 1; index < inOrder.length; index++) {
    const [outer, inner] = [inOrder[index - 1], inOrder[index]] as [ReadableSpan, ReadableSpan];
    if (micros(inner.endTime) > micros(outer.endTime)) problems.push(`${inner.name} ends after ${outer.name}`);
  }
  const expected = expectedOutcome(program, played);
  if (expected) {
    for (const span of inOrder) {
      const status = span.attributes['baton.run.status'] ?? span.attributes['baton.session.status'];
      const said: unknown =
        status ??
        (span.status.code === SpanStatusCode.ERROR ? 'failed' : expected === 'failed' ? 'no error' : expected);
      if (said !== expected) problems.push(`${span.name} says ${String(said)}, expected ${expected}`);
      if ((span.status.code === SpanStatusCode.ERROR) !== (expected === 'failed')) {
        problems.push(`${span.name} has status ${SpanStatusCode[span.status.code]}, expected ${expected}`);
      }
    }
  }
  return [...problems, ...problemsWithForeign(program, played, spans, inOrder, contextManager)];
}

/** What the body of a result does, it does inside the scope, as long as that is open. */
function problemsWithForeign(
  { kind, uses }: Program,
  { foreign }: Played,
  spans: readonly ReadableSpan[],
  inOrder: readonly ReadableSpan[],
  contextManager: boolean,
): string[] {
  const family = KINDS[kind]?.family ?? 'value';
  if (
    !contextManager ||
    !['promise', 'promise-like', 'generator', 'async generator', 'async iterable'].includes(family)
  )
    return [];
  if (uses.length > 1 || UNSEEN.has(uses[0]?.how ?? '') || KINDS[kind]?.opaque) return [];
  // Of several that are awaited, the first one that calls back ends the reading.
  if (kind === 'calls back with a thenable' && uses[0]?.how === 'await by many') return [];
  const innermost = inOrder.at(-1)?.spanContext().spanId;
  return spans
    .filter(({ name }) => name.startsWith('in '))
    .filter((span, index) => foreign[index]?.isDuring && span.parentSpanContext?.spanId !== innermost)
    .map(({ name }) => `"${name}" is not below the scope that it happens in`);
}

/** The body of a result whose scope was not sampled must record nothing; after its end it is nobody's. */
export function orphansShow(program: Program): boolean {
  const { family, opaque } = KINDS[program.kind] as (typeof KINDS)[string];
  const { uses, script } = program;
  if (!isPlain(program) || opaque || script.locked !== 'no' || uses.length !== 1) return false;
  const how = uses[0]?.how ?? '';
  if (UNSEEN.has(how) || how === 'two iterators') return false;
  if (program.kind === 'calls back with a thenable' && how === 'await by many') return false;
  return ['promise', 'promise-like', 'generator', 'async generator', 'async iterable'].includes(family);
}

/** What the scopes must say, where the table in docs/results.md says so. */
function expectedOutcome({ kind, script, chains, uses }: Program, { outcomes }: Played): string | undefined {
  const { family } = KINDS[kind] as (typeof KINDS)[string];
  if (family === 'value') return 'completed';
  if (
    script.locked !== 'no' ||
    script.started > 0 ||
    kind.endsWith('ed web stream') ||
    kind === 'promise with a then of its own'
  )
    return undefined;
  if (UNSEEN.has(uses[0]?.how ?? '')) return undefined;
  if (uses.length === 0 && family !== 'promise' && family !== 'node stream') return 'completed';
  if (family === 'response' || family === 'node stream' || family === 'web stream') return undefined;
  const first = outcomes.find((word) => word !== 'partly' && word !== 'reading');
  if (uses.length !== 1 || !first || outcomes.includes('reading')) return undefined;
  // What is thrown where somebody has stopped the work is no failure.
  const isStopped = chains.some(({ layers }) => layers.some(({ signal }) => signal !== 'none'));
  return isStopped && first === 'failed' ? undefined : first;
}
