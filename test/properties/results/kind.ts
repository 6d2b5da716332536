/** What all kinds of results have in common: their world, and what happens inside them while they are read. */
import fc from 'fast-check';
import type { Journal } from './journal.ts';

/** How a result can be read, and therefore used. */
export type Family =
  | 'value'
  | 'promise'
  | 'promise-like'
  | 'generator'
  | 'async generator'
  | 'async iterable'
  | 'web stream'
  | 'response'
  | 'node stream';

/** What the app's own code around a result can do while it is played. */
export interface World {
  readonly journal: Journal;
  /** A span of another instrumentation, here and now. */
  foreign(name: string): void;
  /** The value of the app's own async context. */
  store(): string;
}

/** What happens inside a result while it is read. */
export interface Script {
  readonly items: number;
  readonly pause: 'none' | 'tick' | 'turn';
  readonly spans: boolean;
  readonly end: 'return' | 'fail' | 'abort' | 'never';
  readonly cleanup: 'log' | 'wait' | 'yield' | 'throw' | 'return';
  /** How much the app itself has read before it gives the result. */
  readonly started: number;
  readonly locked: 'no' | 'frozen' | 'sealed';
}

export const scripts: fc.Arbitrary<Script> = fc.record(
  {
    items: fc.nat(3),
    pause: fc.constantFrom('none' as const, 'tick' as const, 'turn' as const),
    spans: fc.boolean(),
    end: fc.oneof(
      { weight: 5, arbitrary: fc.constant('return' as const) },
      { weight: 2, arbitrary: fc.constant('fail' as const) },
      fc.constantFrom('abort' as const, 'never' as const),
    ),
    cleanup: fc.constantFrom<Script['cleanup'][]>('log', 'wait', 'yield', 'throw', 'return'),
    started: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.nat(5)),
    locked: fc.oneof(
      { weight: 8, arbitrary: fc.constant('no' as const) },
      fc.constantFrom('frozen' as const, 'sealed' as const),
    ),
  },
  { noNullPrototype: true },
);

export interface Kind {
  readonly family: Family;
  /** Nobody may look into it: a proxy that counts or throws. */
  readonly opaque?: true;
  /** Counts who asks for its `then`. */
  readonly counts?: true;
  make(world: World, script: Script): unknown;
}

/** The turns of the loop that a reader waits for what may never come. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export async function rest({ pause }: Script): Promise<void> {
  if (pause === 'tick') await null;
  if (pause === 'turn') await turn();
}

export function fault(world: World, { end }: Script): Error {
  const error = end === 'abort' ? new DOMException('given up', 'AbortError') : new TypeError('no connection');
  return world.journal.name(error, end);
}

export function inside(world: World, script: Script, where: string): void {
  world.journal.say(`inside: ${where}, store ${world.store()}`);
  if (script.spans) world.foreign(`in ${where}`);
}

/** The work behind a promise. */
export async function work(world: World, script: Script): Promise<string> {
  inside(world, script, 'work');
  await rest(script);
  for (let item = 0; item < script.items; item++) await rest(script);
  if (script.end === 'never') await new Promise(() => {});
  if (script.end !== 'return') throw fault(world, script);
  return 'answer';
}

export function locked<T extends object>(object: T, { locked }: Script): T {
  if (locked === 'frozen') return Object.freeze(object);
  return locked === 'sealed' ? Object.seal(object) : object;
}
