/** How an app uses a result, by what can be done with it. Each use writes down what it sees. */
import type { Readable } from 'node:stream';
import type { Journal } from './journal.ts';
import { type Family, turn } from './kind.ts';

/** What became of the work behind a result, as its reader sees it. */
export type Outcome = 'completed' | 'failed' | 'cancelled' | 'partly' | 'reading';

interface Reader {
  readonly journal: Journal;
  /** The first word that is final counts. */
  outcome(word: Outcome): void;
}

type Use = (reader: Reader, result: never, many: number) => Promise<void>;

const TURNS = 40;
const NOTHING = Symbol('nothing came');

/** Waits as long as a reader has patience, and says what came. */
async function see(reader: Reader, what: string, wait: () => unknown): Promise<unknown> {
  const given = (async () => wait())();
  let turns = 0;
  const impatient = (async () => {
    while (turns++ < TURNS) await turn();
    return NOTHING;
  })();
  try {
    const value = await Promise.race([given, impatient]);
    reader.journal.say(`${what}:`, value === NOTHING ? 'nothing came' : value);
    if (value === NOTHING) reader.outcome('reading');
    return value;
  } catch (error) {
    reader.journal.say(`${what} threw`, error);
    reader.outcome((error as Error)?.name === 'AbortError' ? 'cancelled' : 'failed');
    return error;
  } finally {
    turns = TURNS;
  }
}

/** One step of an iteration by hand. */
async function step(reader: Reader, what: string, take: () => unknown): Promise<boolean> {
  const result = (await see(reader, what, take)) as IteratorResult<unknown>;
  const isOver = typeof result !== 'object' || result === null || result.done !== false;
  if (!isOver) reader.outcome('partly');
  return isOver;
}

type AnyGenerator = Generator<unknown, unknown, unknown>;

const inGenerator: Record<string, (reader: Reader, generator: AnyGenerator, many: number) => Promise<void>> = {
  async 'next by hand'(reader, generator, many) {
    for (let time = 0; time < many; time++) {
      if (await step(reader, 'next', () => generator.next(time ? `sent ${time}` : undefined))) {
        reader.outcome('completed');
        return;
      }
    }
  },
  async return(reader, generator, many) {
    for (let time = 0; time < many - 1; time++)
      if (await step(reader, 'next', () => generator.next())) reader.outcome('completed');
    if (await step(reader, 'return', () => generator.return('early'))) reader.outcome('cancelled');
  },
  async throw(reader, generator, many) {
    for (let time = 0; time < many - 1; time++)
      if (await step(reader, 'next', () => generator.next())) reader.outcome('completed');
    const error = reader.journal.name(new Error('thrown in'), 'thrown in');
    if (await step(reader, 'throw', () => generator.throw(error))) reader.outcome('completed');
  },
};

async function forAwait(reader: Reader, result: AsyncIterable<unknown>, most: number): Promise<void> {
  let over = true;
  const read = async (): Promise<string> => {
    let count = 0;
    for await (const item of result) {
      reader.outcome('partly');
      reader.journal.say('item', item);
      if (++count >= most) {
        over = false;
        break;
      }
    }
    return 'over';
  };
  const value = await see(reader, 'for await', read);
  if (value === 'over') reader.outcome(over ? 'completed' : 'cancelled');
}

const asIterable: Record<string, (reader: Reader, result: AsyncIterable<unknown>, many: number) => Promise<void>> = {
  'for await': (reader, result) => forAwait(reader, result, 20),
  break: (reader, result, many) => forAwait(reader, result, Math.max(1, many)),
};

const asPromise: Record<string, (reader: Reader, result: Promise<unknown>, many: number) => Promise<void>> = {
  async await(reader, result) {
    const value = await see(reader, 'await', async () => [await result]);
    if (Array.isArray(value)) reader.outcome('completed');
  },
  async 'await by many'(reader, result) {
    const all = [1, 2, 3].map((one) =>
      (async () => {
        try {
          reader.journal.say(`reader ${one}`, [await result]);
          reader.outcome('completed');
        } catch (error) {
          reader.journal.say(`reader ${one} threw`, error);
          reader.outcome((error as Error)?.name === 'AbortError' ? 'cancelled' : 'failed');
        }
      })(),
    );
    await see(reader, 'all', async () => {
      await Promise.all(all);
      return 'there';
    });
  },
  async 'then, catch and finally'(reader, result) {
    if (!(result instanceof Promise)) return;
    const value = await see(reader, 'then', () =>
      result.then((value) => {
        reader.outcome('completed');
        return ['then', value];
      }),
    );
    reader.journal.say('gave', value);
    await see(reader, 'finally', () => result.finally(() => reader.journal.say('finally')));
    await see(reader, 'catch', () => result.catch((error) => ['caught', error]));
  },
  async 'then without listeners'(reader, result) {
    let value: unknown;
    await see(reader, 'bare then', () => {
      const { then } = result as { then?: unknown };
      if (typeof then !== 'function') return 'no then';
      value = then.call(result, null, (error: unknown) => ['caught', error]);
      return 'called';
    });
    void value;
  },
  async 'Promise.resolve'(reader, result) {
    reader.journal.say('is the same', Promise.resolve(result) === result && 'promise');
  },
};

const asGenerator: Record<string, (reader: Reader, result: Generator, many: number) => Promise<void>> = {
  ...inGenerator,
  async 'for of'(reader, result) {
    await see(reader, 'for of', () => {
      let count = 0;
      for (const item of result) {
        reader.outcome('partly');
        reader.journal.say('item', item);
        if (++count === 9) {
          reader.outcome('cancelled');
          break;
        }
      }
      if (count < 9) reader.outcome('completed');
    });
  },
  async destructuring(reader, result) {
    await see(reader, 'first', () => {
      const [first, second] = result;
      if (second === undefined) reader.outcome('completed');
      return [first, second];
    });
    reader.outcome('cancelled');
  },
  async 'yield star'(reader, result) {
    const outer = (function* () {
      return yield* result;
    })();
    await inGenerator['next by hand']?.(reader, outer, 6);
    await see(reader, 'return', () => outer.return('early'));
    reader.outcome('cancelled');
  },
  async 'method of the prototype'(reader, result) {
    const { next } = Object.getPrototypeOf(Object.getPrototypeOf(result));
    await see(reader, 'next of the prototype', () => next.call(result));
    reader.outcome('reading');
  },
};

const asAsyncGenerator: Record<string, (reader: Reader, result: AsyncGenerator, many: number) => Promise<void>> = {
  ...(inGenerator as object),
  ...asIterable,
  async 'next at once'(reader, result, many) {
    const asked = Array.from({ length: many + 1 }, () => result.next());
    const all = Promise.allSettled(asked);
    const given = (await see(reader, 'all', () => all)) as unknown;
    if (!Array.isArray(given)) return;
    for (const one of given as PromiseSettledResult<IteratorResult<unknown>>[]) {
      if (one.status === 'rejected')
        reader.outcome((one.reason as Error)?.name === 'AbortError' ? 'cancelled' : 'failed');
      else reader.outcome(one.value.done ? 'completed' : 'partly');
    }
  },
  async 'return while it is read'(reader, result) {
    const all = Promise.allSettled([result.next(), result.return('early'), result.next()]);
    await see(reader, 'all', () => all);
    // Which of them came first, says the journal.
    reader.outcome('reading');
  },
  async 'yield star'(reader, result) {
    const outer = (async function* () {
      return yield* result;
    })();
    await forAwait(reader, outer, 20);
  },
};

const asAsyncIterable: Record<string, (reader: Reader, result: AsyncIterable<unknown>, many: number) => Promise<void>> =
  {
    ...asIterable,
    async 'iterator by hand'(reader, result, many) {
      await see(reader, 'iterator', async () => {
        const iterator = result[Symbol.asyncIterator]();
        for (let time = 0; time < many; time++) {
          const { done, value } = await iterator.next();
          reader.journal.say('next', { done, value });
          reader.outcome(done ? 'completed' : 'partly');
          if (done) return;
        }
        reader.journal.say('return', await iterator.return?.('early'));
        if (iterator.return) reader.outcome('cancelled');
      });
    },
    async 'two iterators'(reader, result) {
      await see(reader, 'two', async () => {
        const [one, two] = [result[Symbol.asyncIterator](), result[Symbol.asyncIterator]()];
        reader.journal.say('one', await one.next());
        reader.journal.say('two', await two.next());
        reader.journal.say('one', await one.next());
      });
      reader.outcome('reading');
    },
    async 'next of the object'(reader, result) {
      await see(reader, 'next', async () => {
        const { next } = result as { next?: unknown };
        return typeof next === 'function' ? next.call(result) : 'none';
      });
      reader.outcome('reading');
    },
    async 'as a sync iterable'(reader, result) {
      await see(reader, 'for of', () => {
        if (!(Symbol.iterator in result)) return 'none';
        return [...(result as unknown as Iterable<unknown>)];
      });
      reader.outcome('reading');
    },
    async toArray(reader, result) {
      await see(reader, 'toArray', () => (result as { toArray?: () => unknown }).toArray?.());
      reader.outcome('reading');
    },
  };

const asWebStream: Record<string, (reader: Reader, result: ReadableStream, many: number) => Promise<void>> = {
  ...(asIterable as object),
  break: async (reader, result, many) => {
    await forAwait(
      { ...reader, outcome: (word) => reader.outcome(word === 'cancelled' ? 'completed' : word) },
      result as never,
      Math.max(1, many),
    );
  },
  async 'without cancel'(reader, result, many) {
    await see(reader, 'values', async () => {
      let count = 0;
      for await (const item of (result as unknown as { values(o: object): AsyncIterable<unknown> }).values({
        preventCancel: true,
      })) {
        reader.journal.say('item', item);
        if (++count > many) break;
      }
    });
    reader.outcome('reading');
  },
  async reader(reader, result, many) {
    await see(reader, 'reader', async () => {
      const one = result.getReader();
      for (let time = 0; time < many; time++) reader.journal.say('read', await one.read());
      one.releaseLock();
      reader.journal.say('locked', result.locked);
    });
    reader.outcome('reading');
  },
  async 'cancel of the reader'(reader, result) {
    await see(reader, 'reader', async () => {
      const one = result.getReader();
      reader.journal.say('read', await one.read());
      reader.journal.say('cancel', await one.cancel('enough'));
      await one.closed;
    });
    reader.outcome('reading');
  },
  async cancel(reader, result) {
    await see(reader, 'cancel', () => result.cancel('enough'));
    reader.outcome('cancelled');
  },
  async tee(reader, result) {
    await see(reader, 'tee', async () => {
      for (const half of result.tee())
        for await (const item of half as never as AsyncIterable<unknown>) reader.journal.say('item', item);
    });
    reader.outcome('reading');
  },
  async pipeThrough(reader, result) {
    await see(reader, 'piped', async () => {
      for await (const item of result.pipeThrough(new TransformStream()) as never as AsyncIterable<unknown>)
        reader.journal.say('item', item);
    });
    reader.outcome('reading');
  },
  async 'bytes by the reader’s own buffer'(reader, result) {
    await see(reader, 'byob', async () => {
      const one = result.getReader({ mode: 'byob' });
      reader.journal.say('read', await one.read(new Uint8Array(4)));
      one.releaseLock();
    });
    reader.outcome('reading');
  },
};

const asResponse: Record<string, (reader: Reader, result: Response, many: number) => Promise<void>> = {
  async text(reader, result) {
    const text = await see(reader, 'text', () => result.text());
    reader.journal.say('used', result.bodyUsed);
    if (typeof text === 'string') reader.outcome('completed');
  },
  async json(reader, result) {
    await see(reader, 'json', () => result.json());
    reader.outcome('reading');
  },
  async clone(reader, result) {
    await see(reader, 'clone', async () => {
      const copy = result.clone();
      return [await copy.text(), await result.text()];
    });
    reader.outcome('reading');
  },
  async body(reader, result, many) {
    const { body } = result;
    reader.journal.say('same body', body === result.body);
    if (body) await asWebStream.reader?.(reader, body, many);
    reader.outcome('reading');
  },
  async cancel(reader, result) {
    await see(reader, 'cancel', () => result.body?.cancel('enough'));
    reader.outcome('reading');
  },
};

const asNodeStream: Record<string, (reader: Reader, result: Readable, many: number) => Promise<void>> = {
  ...(asIterable as object),
  async data(reader, result) {
    await see(
      reader,
      'data',
      () =>
        new Promise((done) => {
          result.on('data', (chunk) => reader.journal.say('chunk', String(chunk)));
          result.on('end', () => reader.journal.say('end'));
          result.on('error', (error) => reader.journal.say('error', error));
          result.on('close', () => {
            reader.journal.say('close');
            done('closed');
          });
        }),
    );
    result.removeAllListeners('data');
    reader.outcome('reading');
  },
  async 'read by hand'(reader, result) {
    result.on('error', (error) => reader.journal.say('error', error));
    await see(
      reader,
      'readable',
      () =>
        new Promise((done) => {
          result.once('readable', () => done(['chunk', String(result.read())]));
          result.once('close', () => done('closed'));
        }),
    );
    reader.outcome('reading');
  },
  async destroy(reader, result) {
    if (result.destroyed) return;
    await see(
      reader,
      'destroy',
      () =>
        new Promise((done) => {
          result.once('close', () => done('closed'));
          result.destroy();
        }),
    );
    reader.outcome('cancelled');
  },
  async 'destroy with an error'(reader, result) {
    const error = reader.journal.name(new TypeError('no connection'), 'destroyed with');
    await see(
      reader,
      'destroy',
      () =>
        new Promise((done) => {
          result.once('error', (heard) => reader.journal.say('error', heard));
          result.once('close', () => done('closed'));
          result.destroy(error);
        }),
    );
    reader.outcome('reading');
  },
  async listeners(reader, result) {
    reader.journal.say(
      'listeners',
      result.listenerCount('error'),
      result.listenerCount('data'),
      result.readableFlowing,
    );
  },
};

const asValue: Record<string, Use> = {
  await: asPromise.await as Use,
};

export const USES: Readonly<Record<Family, Readonly<Record<string, Use>>>> = {
  value: asValue,
  promise: asPromise as never,
  'promise-like': asPromise as never,
  generator: asGenerator as never,
  'async generator': asAsyncGenerator as never,
  'async iterable': asAsyncIterable as never,
  'web stream': asWebStream as never,
  response: asResponse as never,
  'node stream': asNodeStream as never,
};
