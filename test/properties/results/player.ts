/** Plays a program, with Baton or without, and writes down what the app sees. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Readable } from 'node:stream';
import { inspect } from 'node:util';
import type { Tracer } from '@opentelemetry/api';
import type { Baton, Run, Scoped, Session } from '../../../src/index.ts';
import { Journal } from './journal.ts';
import { turn, type World } from './kind.ts';
import { KINDS } from './kinds.ts';
import type { Chain, Layer, Program, ScopeName } from './programs.ts';
import { type Outcome, USES } from './uses.ts';

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
