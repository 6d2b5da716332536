/** What a callback may give: every kind of result, made anew for each play, with a journal of what is asked of it. */
import { EventEmitter } from 'node:events';
import { Duplex, PassThrough, Readable, Transform, Writable } from 'node:stream';
import vm from 'node:vm';
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

interface Kind {
  readonly family: Family;
  /** Nobody may look into it: a proxy that counts or throws. */
  readonly opaque?: true;
  /** Counts who asks for its `then`. */
  readonly counts?: true;
  make(world: World, script: Script): unknown;
}

type WebSource = NonNullable<ConstructorParameters<typeof ReadableStream<unknown>>[0]>;

/** The turns of the loop that a reader waits for what may never come. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function rest({ pause }: Script): Promise<void> {
  if (pause === 'tick') await null;
  if (pause === 'turn') await turn();
}

function fault(world: World, { end }: Script): Error {
  const error = end === 'abort' ? new DOMException('given up', 'AbortError') : new TypeError('no connection');
  return world.journal.name(error, end);
}

function inside(world: World, script: Script, where: string): void {
  world.journal.say(`inside: ${where}, store ${world.store()}`);
  if (script.spans) world.foreign(`in ${where}`);
}

/** The work behind a promise. */
async function work(world: World, script: Script): Promise<string> {
  inside(world, script, 'work');
  await rest(script);
  for (let item = 0; item < script.items; item++) await rest(script);
  if (script.end === 'never') await new Promise(() => {});
  if (script.end !== 'return') throw fault(world, script);
  return 'answer';
}

function* syncBody(world: World, script: Script): Generator<unknown, unknown, unknown> {
  try {
    for (let item = 0; item < script.items; item++) {
      inside(world, script, `item ${item}`);
      const sent = yield item;
      if (sent !== undefined) world.journal.say('was sent', sent);
    }
    if (script.end === 'fail' || script.end === 'abort') throw fault(world, script);
    return 'done';
  } finally {
    inside(world, script, 'clean-up');
    if (script.cleanup === 'yield') yield 'from the clean-up';
    // biome-ignore lint/correctness/noUnsafeFinally: that is what is tried
    if (script.cleanup === 'throw') throw world.journal.name(new RangeError('unclean'), 'unclean');
    // biome-ignore lint/correctness/noUnsafeFinally: that is what is tried
    if (script.cleanup === 'return') return 'from the clean-up';
  }
}

async function* asyncBody(world: World, script: Script): AsyncGenerator<unknown, unknown, unknown> {
  try {
    for (let item = 0; item < script.items; item++) {
      await rest(script);
      inside(world, script, `item ${item}`);
      const sent = yield item;
      if (sent !== undefined) world.journal.say('was sent', sent);
    }
    await rest(script);
    if (script.end === 'never') await new Promise(() => {});
    if (script.end !== 'return') throw fault(world, script);
    return 'done';
  } finally {
    inside(world, script, 'clean-up');
    if (script.cleanup === 'wait') await rest(script);
    if (script.cleanup === 'yield') yield 'from the clean-up';
    // biome-ignore lint/correctness/noUnsafeFinally: that is what is tried
    if (script.cleanup === 'throw') throw world.journal.name(new RangeError('unclean'), 'unclean');
    // biome-ignore lint/correctness/noUnsafeFinally: that is what is tried
    if (script.cleanup === 'return') return 'from the clean-up';
  }
}

/** Functions of another realm around the same bodies. */
const foreign = vm.runInNewContext(`({
  promise: (work) => (async () => work())(),
  rejection: (error) => Promise.reject(error),
  generator: function* (body) { return yield* body; },
  asyncGenerator: async function* (body) { return yield* body; },
  array: [1, 2], map: new Map([[1, 2]]), error: new TypeError('elsewhere'), object: { a: 1 }, date: new Date(0),
})`) as {
  promise(work: () => unknown): Promise<unknown>;
  generator(body: Iterable<unknown>): Generator;
  asyncGenerator(body: AsyncIterable<unknown>): AsyncGenerator;
  readonly array: unknown;
  readonly map: unknown;
  readonly error: unknown;
  readonly object: unknown;
  readonly date: unknown;
};

class Subclass<T> extends Promise<T> {
  asResponse(): string {
    return 'raw';
  }
}

type OnValue = ((value: unknown) => unknown) | null | undefined;

function sayThen(world: World, self: unknown, calls: IArguments): void {
  world.journal.say(`then of ${world.journal.show(self)}, ${calls.length > 2 ? calls.length : 'at most 2'} arguments`);
}

/** Does its work when it is awaited, each time. */
class Lazy {
  readonly #world: World;
  readonly #script: Script;
  constructor(world: World, script: Script) {
    this.#world = world;
    this.#script = script;
  }
  // biome-ignore lint/suspicious/noThenProperty: that is what makes it one
  then(onValue?: OnValue, onError?: OnValue): Promise<unknown> {
    // biome-ignore lint/complexity/noArguments: their number counts
    sayThen(this.#world, this, arguments);
    return work(this.#world, this.#script).then(onValue, onError);
  }
}

function thenable(
  world: World,
  then: (onValue: (value: unknown) => void, onError: (error: unknown) => void) => unknown,
) {
  return {
    label: 'thenable',
    // biome-ignore lint/suspicious/noThenProperty: that is what makes it one
    then(this: unknown, onValue: (value: unknown) => void, onError: (error: unknown) => void): unknown {
      // biome-ignore lint/complexity/noArguments: their number counts
      sayThen(world, this, arguments);
      return then(
        (value) => onValue?.(value),
        (error) => onError?.(error),
      );
    },
  };
}

/** Gives its chunks one by one, each when it is asked for. */
function pulled(world: World, script: Script): WebSource {
  let item = 0;
  return {
    async pull(controller: ReadableStreamDefaultController<unknown>) {
      await rest(script);
      world.journal.say('pulled');
      if (item < script.items) controller.enqueue(`chunk ${item++}`);
      else if (script.end === 'never') await new Promise(() => {});
      else if (script.end === 'return') controller.close();
      else controller.error(fault(world, script));
    },
    async cancel(reason: unknown) {
      world.journal.say('source was cancelled', reason);
      await rest(script);
      if (script.cleanup === 'throw') throw world.journal.name(new RangeError('unclean'), 'unclean');
    },
  };
}

function bytes(world: World, script: Script): WebSource {
  const source = pulled(world, script);
  const pull = (controller: ReadableByteStreamController): unknown =>
    source.pull?.({
      enqueue: (chunk: string) => controller.enqueue(new TextEncoder().encode(chunk)),
      close: () => {
        controller.close();
        controller.byobRequest?.respond(0);
      },
      error: (reason: unknown) => controller.error(reason),
    } as unknown as ReadableStreamDefaultController<unknown>);
  return { type: 'bytes', pull, cancel: source.cancel } as unknown as WebSource;
}

const LAZY = { highWaterMark: 0 };

class OwnStream extends ReadableStream<unknown> {
  extra(): string {
    return 'mine';
  }
}

function readable(world: World, script: Script, objectMode = true): Readable {
  let item = 0;
  return new Readable({
    objectMode,
    highWaterMark: 1,
    async read() {
      await rest(script);
      if (item < script.items) this.push(`chunk ${item++}`);
      else if (script.end === 'return') this.push(null);
      else if (script.end !== 'never') this.destroy(fault(world, script));
    },
    destroy(error, callback) {
      world.journal.say('destroyed', error);
      callback(error);
    },
  });
}

/** Writes down each trap that is asked of it. */
function watched(world: World, target: object): object {
  const saying = {
    get:
      (_: unknown, trap: string) =>
      (...given: unknown[]) => {
        if (trap === 'get' || trap === 'set' || trap === 'apply') {
          world.journal.say(`trap ${trap} ${String(typeof given[1] === 'object' ? '' : (given[1] as string))}`);
        }
        return (Reflect as unknown as Record<string, (...given: unknown[]) => unknown>)[trap]?.(...given);
      },
  };
  return new Proxy(target, new Proxy({}, saying));
}

/** Iterates by hand, with or without `return`. */
function handmade(world: World, script: Script, hasReturn: boolean): AsyncIterator<unknown> & object {
  let item = 0;
  const iterator = {
    async next(this: unknown): Promise<IteratorResult<unknown>> {
      world.journal.say(`next of ${this === iterator ? 'itself' : 'another'}`);
      await rest(script);
      inside(world, script, `item ${item}`);
      if (item < script.items) return { value: item++, done: false };
      if (script.end === 'never') await new Promise(() => {});
      if (script.end !== 'return') throw fault(world, script);
      return { value: 'done', done: true };
    },
    ...(hasReturn
      ? {
          async return(this: unknown, value: unknown): Promise<IteratorResult<unknown>> {
            world.journal.say(`return of ${this === iterator ? 'itself' : 'another'}`);
            return { value, done: true };
          },
        }
      : {}),
  };
  return iterator;
}

/** What a database gives: `next()` is a document, and it can be iterated. */
class Cursor {
  readonly #world: World;
  readonly #script: Script;
  #left: number;
  constructor(world: World, script: Script) {
    this.#world = world;
    this.#script = script;
    this.#left = script.items;
  }
  async next(): Promise<unknown> {
    this.#world.journal.say('document asked for');
    await rest(this.#script);
    return this.#left > 0 ? { document: this.#left-- } : null;
  }
  async toArray(): Promise<unknown[]> {
    const all: unknown[] = [];
    for (let document = await this.next(); document !== null; document = await this.next()) all.push(document);
    return all;
  }
  async close(): Promise<void> {
    this.#world.journal.say('cursor closed');
  }
  async *[Symbol.asyncIterator](): AsyncGenerator<unknown> {
    try {
      for (let document = await this.next(); document !== null; document = await this.next()) yield document;
    } finally {
      await this.close();
    }
  }
}

function locked<T extends object>(object: T, { locked }: Script): T {
  if (locked === 'frozen') return Object.freeze(object);
  return locked === 'sealed' ? Object.seal(object) : object;
}

/** Reads so much of it as the app has read before it gives it. */
function begun<T extends Generator>(generator: T, { started }: Script): T {
  for (let read = 0; read < started; read++) {
    try {
      generator.next();
    } catch {
      // Failed before it was given.
    }
  }
  return generator;
}

function begunAsync<T extends AsyncGenerator>(generator: T, { started, end }: Script): T {
  if (end !== 'never') for (let read = 0; read < started; read++) generator.next().catch(() => {});
  return generator;
}

const frozenOne = Object.freeze({ a: 1 });

/** By name. `value` is whatever must end at once and be left alone. */
export const KINDS: Readonly<Record<string, Kind>> = {
  undefined: { family: 'value', make: () => undefined },
  false: { family: 'value', make: () => false },
  number: { family: 'value', make: () => 42 },
  string: { family: 'value', make: () => 'text' },
  symbol: { family: 'value', make: () => Symbol.for('x') },
  bigint: { family: 'value', make: () => 10n },
  function: { family: 'value', make: () => () => 1 },
  'function with a then': {
    family: 'promise-like',
    make: (world, script) =>
      Object.assign(
        () => 1,
        thenable(world, (onValue, onError) => work(world, script).then(onValue, onError)),
      ),
  },
  class: { family: 'value', make: () => class Model {} },
  object: { family: 'value', make: () => ({ a: 1 }) },
  'frozen object': { family: 'value', make: () => frozenOne },
  'object without prototype': { family: 'value', make: () => Object.create(null) },
  // biome-ignore lint/suspicious/noThenProperty: that is what is tried
  'object with a field then': { family: 'value', make: () => ({ then: 'not a function' }) },
  array: { family: 'value', make: () => [1, 2] },
  map: { family: 'value', make: () => new Map([[1, 2]]) },
  set: { family: 'value', make: () => new Set([1]) },
  buffer: { family: 'value', make: () => Buffer.from('abc') },
  error: { family: 'value', make: () => new TypeError('a value like any other') },
  'boxed string': { family: 'value', make: () => Object('text') },
  'abort signal': { family: 'value', make: () => new AbortController().signal },
  'aborted signal': { family: 'value', make: () => AbortSignal.abort() },
  emitter: { family: 'value', make: () => new EventEmitter() },
  writable: { family: 'value', make: () => new Writable({ write: (_chunk, _encoding, done) => done() }) },
  'pass-through': { family: 'value', make: () => new PassThrough() },
  duplex: { family: 'value', make: () => new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() }) },
  transform: { family: 'value', make: () => new Transform() },
  'array iterator': { family: 'value', make: () => [1, 2].values() },
  iterable: { family: 'value', make: (world, script) => ({ [Symbol.iterator]: () => syncBody(world, script) }) },
  'look of a generator': {
    family: 'value',
    make: (world, script) => {
      const body = syncBody(world, script);
      return {
        next: () => body.next(),
        return: (value: unknown) => body.return(value),
        throw: (error: unknown) => body.throw(error),
        [Symbol.iterator]() {
          return this;
        },
        [Symbol.toStringTag]: 'Generator',
      };
    },
  },
  'array of another realm': { family: 'value', make: () => foreign.array },
  'map of another realm': { family: 'value', make: () => foreign.map },
  'error of another realm': { family: 'value', make: () => foreign.error },
  'object of another realm': { family: 'value', make: () => foreign.object },
  'watched proxy': { family: 'value', opaque: true, counts: true, make: (world) => watched(world, { a: 1 }) },
  'watched proxy of a function': {
    family: 'value',
    opaque: true,
    counts: true,
    make: (world) => watched(world, () => 1),
  },
  'watched proxy of an array': { family: 'value', opaque: true, counts: true, make: (world) => watched(world, [1]) },
  'watched proxy of a promise-like': {
    family: 'promise-like',
    opaque: true,
    counts: true,
    make: (world, script) =>
      watched(
        world,
        thenable(world, (onValue, onError) => work(world, script).then(onValue, onError)),
      ),
  },
  'watched proxy of an async iterable': {
    family: 'async iterable',
    opaque: true,
    counts: true,
    make: (world, script) => watched(world, { [Symbol.asyncIterator]: () => asyncBody(world, script) }),
  },
  'watched proxy of a generator': {
    family: 'value',
    opaque: true,
    counts: true,
    make: (world, script) => watched(world, syncBody(world, script)),
  },
  'watched proxy of a promise': {
    family: 'promise-like',
    opaque: true,
    counts: true,
    make: (world) => watched(world, new Promise(() => {})),
  },
  'watched proxy of a web stream': {
    family: 'value',
    opaque: true,
    counts: true,
    make: (world, script) => watched(world, new ReadableStream(pulled(world, script), LAZY)),
  },
  'hostile proxy': {
    family: 'value',
    opaque: true,
    counts: true,
    make: (world) =>
      new Proxy(
        {},
        new Proxy(
          {},
          {
            get: (_, trap) => {
              throw world.journal.name(new Error(`${String(trap)} was asked`), 'hostile');
            },
          },
        ),
      ),
  },
  'revoked proxy': {
    family: 'value',
    opaque: true,
    counts: true,
    make: () => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    },
  },

  promise: { family: 'promise', make: (world, script) => work(world, script) },
  'resolved promise': { family: 'promise', make: () => Promise.resolve('at once') },
  'rejected promise': { family: 'promise', make: (world, script) => Promise.reject(fault(world, script)) },
  'promise with members': {
    family: 'promise',
    make: (world, script) => Object.assign(work(world, script), { id: 7, cancel: () => 'cancelled' }),
  },
  'promise of another realm': {
    family: 'promise',
    make: (world, script) => foreign.promise(() => work(world, script)),
  },
  'frozen promise': { family: 'promise', make: (world, script) => Object.freeze(work(world, script)) },
  'promise with a getter': {
    family: 'promise',
    make: (world, script) =>
      Object.defineProperty(work(world, script), 'usage', {
        get: () => {
          world.journal.say('usage was read');
          return 3;
        },
        enumerable: true,
        configurable: true,
      }),
  },

  subclass: {
    family: 'promise-like',
    make: (world, script) => {
      const { promise, resolve, reject } = split<unknown>();
      work(world, script).then(resolve, reject);
      return locked(new Subclass((onValue, onError) => void promise.then(onValue, onError)), script);
    },
  },
  'promise with a then of its own': {
    family: 'promise-like',
    make: (world, script) => {
      const promise = work(world, script);
      promise.catch(() => {});
      return Object.defineProperty(promise, 'then', {
        configurable: true,
        writable: true,
        enumerable: false,
        value(onValue: OnValue, onError: OnValue) {
          world.journal.say('own then');
          return Promise.prototype.then.call(promise, onValue as never, onError as never);
        },
      });
    },
  },
  lazy: { family: 'promise-like', make: (world, script) => locked(new Lazy(world, script), script) },
  eager: {
    family: 'promise-like',
    make: (world, script) => {
      const promise = work(world, script);
      promise.catch(() => {});
      return locked(
        thenable(world, (onValue, onError) => promise.then(onValue, onError)),
        script,
      );
    },
  },
  'settles at once': {
    family: 'promise-like',
    make: (world, script) =>
      thenable(world, (onValue, onError) => {
        if (script.end === 'return') onValue('at once');
        else onError(fault(world, script));
      }),
  },
  'settles twice': {
    family: 'promise-like',
    make: (world, script) =>
      thenable(world, (onValue, onError) => {
        if (script.items % 2) {
          onValue('first');
          onValue('second');
          onError(fault(world, script));
        } else {
          onError(fault(world, script));
          onValue('second');
        }
      }),
  },
  'settles and throws': {
    family: 'promise-like',
    make: (world, script) =>
      thenable(world, (onValue) => {
        onValue('first');
        throw fault(world, script);
      }),
  },
  'never settles': { family: 'promise-like', make: (world) => thenable(world, () => undefined) },
  'then throws': {
    family: 'promise-like',
    make: (world, script) =>
      thenable(world, () => {
        throw fault(world, script);
      }),
  },
  'one listener only': {
    family: 'promise-like',
    make: (world, script) => {
      let heard = 0;
      return thenable(world, (onValue, onError) => {
        if (heard++ > 0) throw world.journal.name(new Error('taken'), 'taken');
        void work(world, script).then(onValue, onError);
      });
    },
  },
  'calls back with a thenable': {
    family: 'promise-like',
    make: (world, script) => thenable(world, (onValue) => onValue(new Lazy(world, script))),
  },
  'getter of then': {
    family: 'promise-like',
    make: (world, script) => {
      let asked = 0;
      return Object.defineProperty({}, 'then', {
        configurable: true,
        enumerable: script.spans,
        get() {
          world.journal.say(`then was read, ${++asked}`);
          return (onValue: never, onError: never) => work(world, script).then(onValue, onError);
        },
      });
    },
  },
  'getter of then that throws': {
    family: 'promise-like',
    make: (world, script) =>
      Object.defineProperty({}, 'then', {
        configurable: true,
        get() {
          world.journal.say('then was read');
          throw fault(world, script);
        },
      }),
  },
  'getter of then that gives none': {
    family: 'promise-like',
    counts: true,
    make: (world) =>
      Object.defineProperty({}, 'then', {
        configurable: true,
        get() {
          world.journal.say('then was read');
          return undefined;
        },
      }),
  },
  'getter on the prototype': {
    family: 'promise-like',
    make: (world, script) =>
      new (class Builder {
        readonly #script = script;
        // biome-ignore lint/suspicious/noThenProperty: that is what is tried
        get then() {
          world.journal.say('then was read');
          return (onValue: never, onError: never) => work(world, this.#script).then(onValue, onError);
        }
      })(),
  },
  'thenable and iterable': {
    family: 'promise-like',
    make: (world, script) => {
      const query = thenable(world, (onValue, onError) => work(world, script).then(onValue, onError));
      return Object.assign(query, { [Symbol.asyncIterator]: () => asyncBody(world, script) });
    },
  },

  generator: { family: 'generator', make: (world, script) => locked(begun(syncBody(world, script), script), script) },
  'generator of another realm': {
    family: 'generator',
    make: (world, script) => foreign.generator(syncBody(world, script)),
  },
  'generator that delegates': {
    family: 'generator',
    make: (world, script) =>
      (function* () {
        return yield* syncBody(world, script);
      })(),
  },
  'generator with a member': {
    family: 'generator',
    make: (world, script) => Object.assign(syncBody(world, script), { model: 'gpt' }),
  },
  'generator with a next of its own': {
    family: 'generator',
    make: (world, script) => {
      const generator = syncBody(world, script);
      const next = generator.next.bind(generator);
      return Object.assign(generator, {
        next: (...given: [] | [unknown]) => {
          world.journal.say('own next');
          return next(...given);
        },
      });
    },
  },
  'infinite generator': {
    family: 'generator',
    make: () =>
      (function* () {
        for (let item = 0; ; item++) yield item;
      })(),
  },
  'async generator': {
    family: 'async generator',
    make: (world, script) => locked(begunAsync(asyncBody(world, script), script), script),
  },
  'async generator of another realm': {
    family: 'async generator',
    make: (world, script) => foreign.asyncGenerator(asyncBody(world, script)),
  },
  'async generator that delegates': {
    family: 'async generator',
    make: (world, script) =>
      (async function* () {
        return yield* asyncBody(world, script);
      })(),
  },
  'async generator of promises': {
    family: 'async generator',
    make: (world, script) =>
      (async function* () {
        yield work(world, { ...script, end: 'return' });
        return work(world, { ...script, end: 'return' });
      })(),
  },

  'async iterable': {
    family: 'async iterable',
    make: (world, script) => locked({ controller: 1, [Symbol.asyncIterator]: () => asyncBody(world, script) }, script),
  },
  'async iterable on a prototype': {
    family: 'async iterable',
    make: (world, script) =>
      locked(
        new (class ChunkStream {
          readonly #script = script;
          [Symbol.asyncIterator]() {
            return asyncBody(world, this.#script);
          }
        })(),
        script,
      ),
  },
  'async iterable by hand': {
    family: 'async iterable',
    make: (world, script) => ({ [Symbol.asyncIterator]: () => handmade(world, script, script.spans) }),
  },
  'own async iterator': {
    family: 'async iterable',
    make: (world, script) =>
      Object.assign(handmade(world, script, script.cleanup !== 'wait'), {
        [Symbol.asyncIterator]() {
          return this;
        },
      }),
  },
  'look of an async generator': {
    family: 'async iterable',
    make: (world, script) => {
      const body = asyncBody(world, script);
      return {
        next: (value: unknown) => body.next(value),
        return: (value: unknown) => body.return(value),
        throw: (error: unknown) => body.throw(error),
        [Symbol.asyncIterator]() {
          return this;
        },
        [Symbol.toStringTag]: 'AsyncGenerator',
      };
    },
  },
  'sync and async iterable': {
    family: 'async iterable',
    make: (world, script) => ({
      [Symbol.iterator]: () => syncBody(world, script),
      [Symbol.asyncIterator]: () => asyncBody(world, script),
    }),
  },
  cursor: { family: 'async iterable', make: (world, script) => new Cursor(world, script) },
  'iterable whose iterator cannot be made': {
    family: 'async iterable',
    make: (world, script) => ({
      [Symbol.asyncIterator]: () => {
        throw fault(world, script);
      },
    }),
  },

  'web stream': {
    family: 'web stream',
    make: (world, script) => locked(new ReadableStream(pulled(world, script), LAZY), script),
  },
  'web stream of bytes': { family: 'web stream', make: (world, script) => new ReadableStream(bytes(world, script)) },
  'web stream of a class of its own': {
    family: 'web stream',
    make: (world, script) => new OwnStream(pulled(world, script), LAZY),
  },
  'web stream that is full': {
    family: 'web stream',
    make: (_world, script) =>
      new ReadableStream({
        start(controller) {
          for (let item = 0; item < script.items; item++) controller.enqueue(item);
          controller.close();
        },
      }),
  },
  'errored web stream': {
    family: 'web stream',
    make: (world, script) => new ReadableStream({ start: (controller) => controller.error(fault(world, script)) }),
  },
  'piped web stream': {
    family: 'web stream',
    make: (world, script) => new ReadableStream(pulled(world, script), LAZY).pipeThrough(new TransformStream()),
  },

  response: {
    family: 'response',
    make: (world, script) => new Response(new ReadableStream(bytes(world, script), LAZY) as never),
  },
  'response with a text': { family: 'response', make: () => new Response('text') },
  'response without a body': { family: 'response', make: () => new Response(null) },

  'node stream': { family: 'node stream', make: (world, script) => readable(world, script) },
  'node stream of bytes': { family: 'node stream', make: (world, script) => readable(world, script, false) },
  'node stream from a generator': {
    family: 'node stream',
    make: (world, script) => Readable.from(asyncBody(world, script)),
  },
  'destroyed node stream': { family: 'node stream', make: (world, script) => readable(world, script).destroy() },
  'paused node stream': { family: 'node stream', make: (world, script) => readable(world, script).pause() },
};

function split<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: unknown) => void } {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}
