/**
 * Random programs around what callbacks give: a result goes through scopes, is kept, given again, and used. The same program is played
 * without Baton and with it; `differences` says where the app sees something else, `problemsOf` what is wrong with the spans.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { SpanStatusCode, type Tracer } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import fc from 'fast-check';
import type { Baton, Run, Scoped, Session } from '../../src/index.ts';
import { Journal } from './journal.ts';
import { KINDS, type Script, scripts, turn, type World } from './result-kinds.ts';
import { type Outcome, USES } from './result-uses.ts';

type ScopeName = 'session' | 'per-run' | 'run' | 'step' | 'tool' | 'model' | 'approval';
type UntilName = 'none' | 'promise' | 'rejection' | 'thrown' | 'stream' | 'iterable' | 'undefined' | 'itself' | 'never';

interface Layer {
  readonly scope: ScopeName;
  /** An `async` callback, so that the scope gives a promise. */
  readonly async: boolean;
  readonly early: 'no' | 'end' | 'fail';
  readonly until: UntilName;
  /** Says more inside: events, errors that were dealt with, metadata, a handoff that nobody takes. */
  readonly says: boolean;
  /** The signal that stops it. */
  readonly signal: 'none' | 'aborted' | 'aborts later';
}

interface Chain {
  /** The outermost scope gives nothing: what it has made is read after its end. */
  readonly escapes: boolean;
  readonly layers: readonly Layer[];
}

export interface Program {
  readonly kind: string;
  readonly script: Script;
  /** The first makes the result, the others give it again. */
  readonly chains: readonly Chain[];
  readonly uses: readonly { readonly how: string; readonly many: number }[];
  /** The other chains give it after so many uses. */
  readonly againAfter: number;
  readonly reader: 'nowhere' | 'in a run';
}

const rarely = <T>(usual: T, others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(usual) }, fc.constantFrom(...others));

const layer: fc.Arbitrary<Layer> = fc.record(
  {
    scope: fc.constantFrom<ScopeName[]>('session', 'run', 'step', 'tool', 'model', 'approval'),
    async: rarely(false, [true]),
    early: rarely<Layer['early']>('no', ['end', 'fail']),
    says: rarely(false, [true]),
    signal: rarely<Layer['signal']>('none', ['aborted', 'aborts later']),
    until: rarely<UntilName>('none', [
      'promise',
      'rejection',
      'thrown',
      'stream',
      'iterable',
      'undefined',
      'itself',
      'never',
    ]),
  },
  { noNullPrototype: true },
);

const chain: fc.Arbitrary<Chain> = fc
  .record(
    {
      escapes: rarely(false, [true]),
      layers: fc
        .tuple(rarely<ScopeName>('session', ['run', 'per-run']), layer, fc.array(layer, { maxLength: 4 }))
        .map(([scope, first, more]) => {
          const outer: Layer = { ...first, scope, early: 'no' };
          // Steps and calls stand in a run. What begins in a session that is over is no matter of results.
          const run: Layer = { ...first, scope: 'run', until: 'none', early: 'no' };
          return [outer, ...more].flatMap((one) =>
            one.scope === 'session' || one.scope === 'per-run' ? [{ ...one, early: 'no' as const }, run] : [one],
          );
        }),
    },
    { noNullPrototype: true },
  )
  .map((one) => (one.escapes ? synchronous(one) : one));

/** A promise around a result asks for its `then` by itself, as an async function does. */
function synchronous({ escapes, layers }: Chain): Chain {
  return { escapes, layers: layers.map((one) => ({ ...one, async: false })) };
}

/** Programs around one kind of result. */
export function programsOf(kind: string): fc.Arbitrary<Program> {
  return fc.record(
    {
      kind: fc.constant(kind),
      script: scripts,
      chains: fc
        .oneof({ weight: 3, arbitrary: fc.tuple(chain) }, fc.array(chain, { minLength: 1, maxLength: 3 }))
        .map((chains) => (KINDS[kind]?.counts ? chains.map(synchronous) : chains)),
      uses: fc.array(
        fc.record(
          { how: fc.constantFrom(...Object.keys(USES[KINDS[kind]?.family ?? 'value'])), many: fc.nat(4) },
          { noNullPrototype: true },
        ),
        { maxLength: 3 },
      ),
      againAfter: fc.nat(2),
      reader: fc.constantFrom('nowhere' as const, 'in a run' as const),
    },
    { noNullPrototype: true },
  );
}

/** A scope that was opened, and what is known of it. */
interface Opened {
  readonly mark: string;
  readonly layer: Layer;
  readonly outer: string | undefined;
}

export interface Played {
  readonly journal: Journal;
  readonly opened: readonly Opened[];
  readonly outcomes: readonly Outcome[];
  readonly foreign: readonly { readonly name: string; readonly isDuring: boolean }[];
}

export interface Stage {
  readonly baton: Baton | undefined;
  readonly tracer: Tracer;
  readonly contextManager: boolean;
  /** The names of the spans that have ended. */
  ended(): readonly string[];
}

const nothing = (): void => {};

const store = new AsyncLocalStorage<string>();

/** What the process itself has heard, while a program was played. */
export const heard: string[] = [];

const HIDDEN: Readonly<Record<string, readonly PropertyKey[]>> = {
  'promise-like': ['then'],
  generator: ['next', 'return', 'throw'],
  'async generator': ['next', 'return', 'throw'],
  'async iterable': [Symbol.asyncIterator],
  'web stream': ['cancel'],
};

export class Player {
  readonly #program: Program;
  readonly #stage: Stage;
  readonly #journal = new Journal();
  readonly #opened: Opened[] = [];
  readonly #later = new AbortController();
  readonly #outcomes: Outcome[] = [];
  readonly #foreign: { name: string; isDuring: boolean }[] = [];
  #made: { readonly value: unknown; readonly prototype: unknown; readonly keys: readonly PropertyKey[] } | undefined;

  constructor(program: Program, stage: Stage) {
    this.#program = program;
    this.#stage = stage;
  }

  async play(): Promise<Played> {
    const { kind, script, chains, uses, againAfter } = this.#program;
    const { family } = KINDS[kind] as (typeof KINDS)[string];
    heard.length = 0;
    let result = store.run('giver', () => this.#through(chains[0] as Chain, 0));
    const isPromised = this.#isPromised(chains[0] as Chain);
    this.#compare(result, isPromised);
    if (script.started > 0) for (let turns = 0; turns < 4; turns++) await turn();
    if (isPromised && uses.length > 0) {
      try {
        const promised = result as Promise<unknown>;
        let turns = 0;
        const patience = (async () => {
          while (turns++ < 60) await turn();
          return 'nothing came';
        })();
        // In an array, because what it gives may be awaitable itself.
        result = (await Promise.race([promised.then((value) => [value]), patience])) as unknown;
        turns = 60;
        if (Array.isArray(result)) result = result[0];
        this.#journal.say('was promised', result);
      } catch (error) {
        this.#journal.say('was promised, but', error);
        return this.#played();
      }
    }
    // Of several promises, each one that rejects must be handled.
    if (family === 'promise' && chains.length > 1) (result as Promise<unknown>).then?.(nothing, nothing);
    if (isPromised) await turn();
    this.#later.abort();
    if (this.#stage.baton) this.#marker();
    const isGone = isPromised && (family === 'promise' || family === 'promise-like');
    for (let use = 0; use <= uses.length; use++) {
      if (use === Math.min(againAfter, uses.length)) this.#giveAgain(chains.slice(1));
      // What runs by itself in the meantime has come to rest: only the order that an app relies on is compared.
      if (chains.length > 1 || script.started > 0) await turn();
      const one = uses[use];
      if (one && !isGone) {
        await store.run('reader', () => this.#use(result, one));
        await turn();
      }
      this.#look(result, isPromised && uses.length === 0);
    }
    return this.#played();
  }

  /** After everything has told: nothing of Baton may be left. */
  lookAgain(): string[] {
    const value = this.#made?.value;
    if (KINDS[this.#program.kind]?.opaque) return [];
    return [`at last ${described(value, [])}`, isReadable(value) ? `listens ${listeners(value, [])}` : ''];
  }

  #played(): Played {
    return { journal: this.#journal, opened: this.#opened, outcomes: this.#outcomes, foreign: this.#foreign };
  }

  #isPromised({ layers, escapes }: Chain): boolean {
    if (escapes) return layers.slice(1).some((one) => one.async);
    return layers.some((one) => one.async);
  }

  #make(): unknown {
    if (this.#made) return this.#made.value;
    const { kind, script } = this.#program;
    const world: World = {
      journal: this.#journal,
      foreign: (name) => {
        const ended = new Set(this.#stage.ended());
        const innermost = this.#opened.filter(({ mark }) => mark.startsWith('0')).at(-1);
        this.#foreign.push({ name, isDuring: innermost !== undefined && !ended.has(innermost.mark) });
        this.#stage.tracer.startSpan(name).end();
      },
      store: () => store.getStore() ?? 'none',
    };
    const { make, opaque } = KINDS[kind] as (typeof KINDS)[string];
    const value = make(world, script);
    if ((typeof value === 'object' && value !== null) || typeof value === 'function')
      this.#journal.name(value, 'result');
    const isObject = !opaque && typeof value === 'object' && value !== null;
    this.#made = {
      value,
      prototype: isObject ? Object.getPrototypeOf(value) : undefined,
      keys: isObject ? Reflect.ownKeys(value) : [],
    };
    return value;
  }

  #through({ layers, escapes }: Chain, chain: number): unknown {
    const { baton, contextManager } = this.#stage;
    let kept: unknown;
    const open = (index: number, ids: Readonly<Record<string, string>>): unknown => {
      const layer = layers[index];
      if (!layer) return this.#make();
      const escaping = escapes && index === 0;
      const mark = `${chain}.${index} ${this.#opened.length}`;
      const body = (handle: unknown): unknown => {
        if (baton) {
          if (layer.says) say(baton, layer.scope, handle as Scoped & { readonly id: string });
          if (layer.early === 'end') (handle as Scoped).end();
          if (layer.early === 'fail') (handle as Scoped).fail(new Error('early'));
        }
        const inside = contextManager || !baton ? {} : idsInside(layer.scope, handle, ids);
        const inner = open(index + 1, inside);
        if (!escaping) return inner;
        kept = inner;
        return undefined;
      };
      const callback =
        layer.async && !escaping
          ? async (handle: unknown) => {
              await null;
              return body(handle);
            }
          : body;
      if (!baton) return callback(undefined);
      this.#opened.push({
        mark,
        layer,
        outer: this.#opened.findLast((one) => one.mark.startsWith(`${chain}.${index - 1}`))?.mark,
      });
      return enter(baton, layer, mark, ids, { ...this.#until(layer), ...this.#signal(layer) }, callback);
    };
    const given = open(0, {});
    return escapes ? kept : given;
  }

  #signal({ signal }: Layer): { signal?: AbortSignal } {
    if (signal === 'none') return {};
    if (signal === 'aborted') return { signal: AbortSignal.abort() };
    return { signal: this.#later.signal };
  }

  #until({ until }: Layer): { until?: (result: unknown) => unknown } {
    if (until === 'none') return {};
    return {
      until: (result) => {
        if (until === 'thrown') throw new Error('until threw');
        if (until === 'promise') return turn();
        if (until === 'rejection') return Promise.reject(new TypeError('until failed'));
        if (until === 'stream') return new ReadableStream({ start: (controller) => controller.close() });
        if (until === 'iterable') return { async *[Symbol.asyncIterator]() {} };
        if (until === 'never') return new Promise(() => {});
        return until === 'itself' ? result : undefined;
      },
    };
  }

  #giveAgain(chains: readonly Chain[]): void {
    const { family } = KINDS[this.#program.kind] as (typeof KINDS)[string];
    chains.forEach((chain, index) => {
      const again = store.run('giver', () => this.#through(chain, index + 1));
      this.#compare(again, this.#isPromised(chain));
      // A promise of its own for each who gives it: nobody here waits for this one.
      if (family === 'promise' || this.#isPromised(chain))
        (again as Promise<unknown>).then?.call(again, nothing, nothing);
    });
  }

  /** The same object, or a promise where there was a promise. */
  #compare(result: unknown, isPromised: boolean): void {
    const { family } = KINDS[this.#program.kind] as (typeof KINDS)[string];
    if (isPromised || family === 'promise') {
      this.#journal.say('gave', isPromised || Object.prototype.toString.call(result));
      if (!isPromised) this.#journal.say('with', ownKeys(result as object).join());
    } else this.#journal.say('gave', Object.is(result, this.#made?.value) ? 'the same' : 'another');
  }

  #look(result: unknown, isPromise: boolean): void {
    const { family, opaque } = KINDS[this.#program.kind] as (typeof KINDS)[string];
    if (opaque || isPromise || typeof result !== 'object' || result === null) return;
    if (result === this.#made?.value && family !== 'promise') {
      const hidden = (HIDDEN[family] ?? []).filter((key) => !this.#made?.keys.includes(key));
      this.#journal.say(
        'is',
        described(result, hidden),
        Object.getPrototypeOf(result) === this.#made?.prototype ? '' : 'of another class',
      );
      // Node hangs what async hooks need on promises and on its own streams.
      if (!isReadable(result) && !(result instanceof Promise) && !('stack' in result))
        this.#journal.say('shows', inspect(result));
      if (result instanceof ReadableStream) this.#journal.say('locked', result.locked);
      if (isReadable(result))
        this.#journal.say(
          'listens',
          listeners(result, ['end', 'close']),
          result.readableFlowing,
          result.readableDidRead,
        );
    }
  }

  #use(result: unknown, { how, many }: Program['uses'][number]): Promise<void> {
    const { family } = KINDS[this.#program.kind] as (typeof KINDS)[string];
    const use = USES[family][how] as (typeof USES)[keyof typeof USES][string];
    const outcome = (word: Outcome): void => {
      this.#outcomes.push(word);
    };
    this.#journal.say(`-- ${how}`);
    const read = (): Promise<void> => use({ journal: this.#journal, outcome }, result as never, many);
    const { baton } = this.#stage;
    return baton && this.#program.reader === 'in a run' ? baton.withRun({ agent: 'reader' }, read) : read();
  }

  #marker(): void {
    this.#stage.baton?.startRun({ agent: 'marker' }).end();
  }
}

function say(baton: Baton, scope: ScopeName, handle: Scoped & { readonly id: string }): void {
  handle.setMetadata({ more: 'words' });
  if (scope !== 'run') return;
  baton.track({ type: 'decided', payload: { by: 'rule' }, runId: handle.id });
  baton.captureError({ error: new Error('dealt with'), runId: handle.id });
  baton.trackHandoffRequested({ target: 'nobody', sourceRunId: handle.id, expiresInMs: 60_000 });
}

function idsInside(scope: ScopeName, handle: unknown, ids: Readonly<Record<string, string>>): Record<string, string> {
  if (scope === 'session' || scope === 'per-run') return { sessionId: (handle as Session).id };
  if (scope === 'run') return { ...ids, runId: (handle as Run).id };
  return ids;
}

function enter(
  baton: Baton,
  { scope }: Layer,
  mark: string,
  { sessionId, runId }: Readonly<Record<string, string>>,
  until: { until?: (result: unknown) => unknown },
  callback: (handle: unknown) => unknown,
): unknown {
  const input = { ...until, metadata: { mark } };
  const inRun = { ...input, ...(runId ? { runId } : {}) };
  switch (scope) {
    case 'session':
      return baton.withSession({ ...input, kind: 'pipeline' }, callback);
    case 'per-run':
      return baton.withSession({ ...input, kind: 'pipeline', trace: 'per-run' }, callback);
    case 'run':
      return baton.withRun(
        { ...input, ...(sessionId ? { sessionId } : {}), ...(runId ? { parentRunId: runId } : {}) },
        callback,
      );
    case 'step':
      return baton.withWorkflowStep({ ...inRun, stepKey: 'step' }, callback);
    case 'tool':
      return baton.withTool({ ...inRun, tool: 'search' }, callback);
    case 'model':
      return baton.withLlmCall({ ...inRun, model: 'gpt' }, callback);
    case 'approval':
      return baton.withApproval({ ...inRun, tool: 'refund' }, callback);
  }
}

function described(value: unknown, hidden: readonly PropertyKey[]): string {
  if (typeof value !== 'object' || value === null) return typeof value;
  const keys = ownKeys(value, hidden);
  const state = [Object.isExtensible(value), Object.isSealed(value), Object.isFrozen(value)].map(Number).join('');
  return `${keys.join()} ${state}`;
}

/** Without what Node itself keeps on promises and emitters. */
function ownKeys(value: object, hidden: readonly PropertyKey[] = []): string[] {
  return Reflect.ownKeys(value)
    .filter((key) => !(hidden.includes(key) && !Object.getOwnPropertyDescriptor(value, key)?.enumerable))
    .map(String)
    .filter(
      (key) => !/^(_events|_eventsCount|Symbol\((k|async_id|trigger_async_id|resourceSymbol|nodejs).*)/.test(key),
    );
}

function isReadable(value: unknown): value is Readable {
  return typeof value === 'object' && value !== null && 'readableFlowing' in value;
}

function listeners(stream: Readable, hidden: readonly string[]): string {
  return stream
    .eventNames()
    .filter((name) => !hidden.includes(String(name)))
    .map((name) => `${String(name)} ${stream.listenerCount(name)}`)
    .sort()
    .join();
}

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
