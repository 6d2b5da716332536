import { asyncBody, elsewhere, syncBody } from './bodies.ts';
import { fault, inside, type Kind, locked, rest, type Script, type World, work } from './kind.ts';

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

/** Generators, and what can be iterated asynchronously. */
export const ITERABLES: Readonly<Record<string, Kind>> = {
  generator: { family: 'generator', make: (world, script) => locked(begun(syncBody(world, script), script), script) },
  'generator of another realm': {
    family: 'generator',
    make: (world, script) => elsewhere.generator(syncBody(world, script)),
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
    make: (world, script) => elsewhere.asyncGenerator(asyncBody(world, script)),
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
};
