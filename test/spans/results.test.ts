import { spawnSync } from 'node:child_process';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { trace } from '@opentelemetry/api';
import { Baton } from '../../src/index.ts';
import { recordResults } from './record-results.ts';

const recording = recordResults();
const { tree, names: ended, warnings } = recording;
let baton: Baton;

beforeEach(() => {
  baton = recording.client();
});

/** The name of the span that is active here. */
function activeName(): string | undefined {
  return (trace.getActiveSpan() as { name?: string } | undefined)?.name;
}

/** A span of another instrumentation, here and now. */
function foreign(name: string): void {
  trace.getTracer('app').startSpan(name).end();
}

function inRun<T>(fn: () => T): T {
  return baton.withRun({}, () => baton.withTool({ tool: 'search' }, fn));
}

const ENDED = 'invoke_agent triage {run.status=completed}\n  execute_tool search';
const FAILED = `
invoke_agent triage ERROR(no connection) {error.type=TypeError run.status=failed}
  execute_tool search ERROR(no connection) {error.type=TypeError} [exception]
`.trim();
const FROZEN =
  'an object that is read later was given, but it is frozen or cannot be changed: its span ends when it is given, not when it is read';
const CANCELLED = ENDED.replace('completed', 'cancelled');
const UNREAD = `
invoke_workflow pipeline {session.status=completed}
  invoke_agent triage {run.status=completed}
    execute_tool search
`.trim();
const ABANDONED = `
invoke_workflow pipeline {session.status=completed}
  invoke_agent triage {run.status=abandoned}
    execute_tool search
`.trim();

describe('a value', () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const hostile = new Proxy(
    {},
    {
      get(_, name) {
        throw new Error(`${String(name)} was read`);
      },
    },
  );

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a number', 42],
    ['NaN', Number.NaN],
    ['a string', 'text'],
    ['a symbol', Symbol('x')],
    ['a bigint', 10n],
    ['a function', () => 1],
    ['a class', Baton],
    ['an object', { a: 1 }],
    // biome-ignore lint/suspicious/noThenProperty: no thenable
    ['an object whose then is no function', { then: 'not a function' }],
    ['a frozen object', Object.freeze({ a: 1 })],
    ['an object without a prototype', Object.create(null)],
    ['an object with a null constructor', { constructor: null }],
    ['a cycle', circular],
    ['an array', [1, 2]],
    ['a Map', new Map([[1, 2]])],
    ['an error', new Error('a value like any other')],
    ['an iterator that is no generator', [1, 2].values()],
    ['an iterable that is no generator', { [Symbol.iterator]: () => [1].values() }],
    ['an object with a pipe method that is no stream', { pipe: () => 'observable' }],
    ['an object with a getReader method that is no stream', { getReader: () => null }],
    ['a revoked proxy', revoked.proxy],
    ['an object that throws whatever is read', hostile],
  ])('comes back as it is when it is %s, and the span has ended', (_, value) => {
    const result = inRun(() => value);
    expect(Object.is(result, value)).toBe(true);
    expect(tree()).toBe(ENDED);
  });

  it('gets no members of ours', () => {
    const value = { a: 1 };
    inRun(() => value);
    expect(Reflect.ownKeys(value)).toEqual(['a']);
  });
});

describe('a promise', () => {
  it('resolves with the same value, and the span has ended when the awaiter goes on', async () => {
    const value = { answer: 42 };
    const promise = inRun(async () => {
      await sleep(1);
      return value;
    });
    expect(promise).toBeInstanceOf(Promise);
    expect(ended()).toEqual([]);
    const result = await promise;
    expect(tree()).toBe(ENDED);
    expect(result).toBe(value);
  });

  it('has ended its span before any reaction to it runs', async () => {
    const seen: string[][] = [];
    const promise = inRun(() => Promise.resolve(1));
    const reactions = [promise.then(() => seen.push(ended())), promise.finally(() => seen.push(ended()))];
    await Promise.all([...reactions, Promise.race([promise])]);
    const both = ['execute_tool search', 'invoke_agent triage'];
    expect(seen).toEqual([both, both]);
  });

  it('keeps the order in which promises resolve', async () => {
    const order: number[] = [];
    const promises = [1, 2, 3].map((number) => inRun(async () => number));
    await Promise.all(promises.map((promise) => promise.then((number) => order.push(number))));
    expect(order).toEqual([1, 2, 3]);
  });

  it('that rejects fails its span, and rejects with the same error', async () => {
    const error = new TypeError('no connection');
    await expect(inRun(() => Promise.reject(error))).rejects.toBe(error);
    expect(tree()).toBe(FAILED);
  });

  it('of another realm is awaited like any other', async () => {
    // Timers come from Node, outside the realm that Jest gives its tests.
    const result = await inRun(() => sleep(1, 'late'));
    expect(result).toBe('late');
    expect(tree()).toBe(ENDED);
  });

  it('with members of its own keeps them', async () => {
    const request = Object.assign(Promise.resolve('body'), { cancel: () => 'cancelled', id: 7 });
    const result = baton.withTool({ tool: 'search', runId: baton.startRun({}).id }, () => request);
    expect(result.id).toBe(7);
    expect(result.cancel()).toBe('cancelled');
    expect(await result).toBe('body');
    expect(ended()).toEqual(['execute_tool search']);
  });

  it('that never settles ends its spans with the session', () => {
    baton.withSession({ kind: 'pipeline' }, () => {
      void inRun(() => new Promise(() => {}));
    });
    expect(tree()).toBe(ABANDONED);
  });

  it('keeps its scope over awaits, and its sibling’s out', async () => {
    await baton.withRun({}, () =>
      Promise.all(
        ['search', 'write'].map((tool) =>
          baton.withTool({ tool }, async () => {
            await sleep(1);
            foreign(`inside ${tool}`);
          }),
        ),
      ),
    );
    expect(tree()).toBe(
      `
invoke_agent triage {run.status=completed}
  execute_tool search
    inside search
  execute_tool write
    inside write
`.trim(),
    );
  });
});

/** What the clients of model providers give: a promise that can do more. */
class ResponsePromise<T> extends Promise<T> {
  asResponse(): string {
    return 'raw';
  }
}

describe('a promise of a class of its own', () => {
  it('comes back as the same object, and its span ends when it resolves for whoever awaits it', async () => {
    const { promise, resolve } = deferred<string>();
    const response = new ResponsePromise<string>((done) => void promise.then(done));
    const result = inRun(() => response);
    expect(result).toBe(response);
    expect(result.asResponse()).toBe('raw');
    const awaited = result.then((value) => [value, tree()]);
    expect(ended()).toEqual([]);
    resolve('body');
    expect(await awaited).toEqual(['body', ENDED]);
  });

  it('has ended its span when the awaiter goes on', async () => {
    expect(await inRun(() => ResponsePromise.resolve('body'))).toBe('body');
    expect(tree()).toBe(ENDED);
  });

  it('that rejects fails its span, and rejects with the same error', async () => {
    const error = new TypeError('no connection');
    await expect(inRun(() => ResponsePromise.reject(error))).rejects.toBe(error);
    expect(tree()).toBe(FAILED);
  });

  it.each(['catch', 'finally'] as const)('ends its span for whoever uses %s', async (method) => {
    await inRun(() => ResponsePromise.resolve('body'))[method](() => {});
    expect(tree()).toBe(ENDED);
  });

  it('that nobody awaits ends its span when it was given, told with the session', () => {
    baton.withSession({ kind: 'pipeline' }, () => {
      void inRun(() => ResponsePromise.resolve('body'));
    });
    expect(tree()).toBe(UNREAD);
  });

  it('that is frozen comes back as it is', async () => {
    const response = Object.freeze(ResponsePromise.resolve('body'));
    expect(inRun(() => response)).toBe(response);
    expect(await response).toBe('body');
    expect(tree()).toBe(ENDED);
    expect(warnings.splice(0).map(({ message }) => message)).toEqual([FROZEN]);
  });
});

/** A query builder: does its work when it is awaited, each time. */
class Query {
  runs = 0;
  #where = '';

  where(condition: string): this {
    this.#where = condition;
    return this;
  }

  // biome-ignore lint/suspicious/noThenProperty: that is what makes it one
  then<A, B>(onValue?: ((rows: string[]) => A) | null, onError?: ((error: unknown) => B) | null): Promise<A | B> {
    this.runs++;
    foreign('SELECT');
    return Promise.resolve([this.#where]).then(onValue, onError);
  }
}

describe('a lazy thenable', () => {
  it('comes back as the same object and does its work once', async () => {
    const query = new Query();
    const result = inRun(() => query);
    expect(result).toBe(query);
    expect(query.runs).toBe(0);
    expect(await result.where('id = 1')).toEqual(['id = 1']);
    expect(query.runs).toBe(1);
    expect(ended()).toEqual(['SELECT', 'execute_tool search', 'invoke_agent triage']);
  });

  it('does its work inside the scope that it was made in', async () => {
    await inRun(() => new Query());
    expect(tree()).toBe(`${ENDED}\n    SELECT`);
  });

  it('leaves whoever awaits it in the scope that they were in', async () => {
    await baton.withRun({}, async () => {
      await baton.withTool({ tool: 'search' }, () => new Query());
      expect(activeName()).toBe('invoke_agent triage');
      await baton.withTool({ tool: 'search' }, () => new Query()).then(() => foreign('afterwards'));
    });
    expect(tree()).toMatch(/\n {2}afterwards$/m);
  });

  it('does its work again when it is awaited again, as without us', async () => {
    const result = inRun(() => new Query());
    await result;
    await result;
    expect(result.runs).toBe(2);
    expect(ended().filter((name) => name === 'execute_tool search')).toHaveLength(1);
  });

  it('does no work that nobody asked for, and ends its span with the session', () => {
    const query = new Query();
    baton.withSession({ kind: 'pipeline' }, () => {
      void inRun(() => query);
    });
    expect(query.runs).toBe(0);
    expect(tree()).toBe(UNREAD);
  });

  it('is run once when an async callback returns it', async () => {
    const query = new Query();
    expect(await inRun(async () => query.where('id = 2'))).toEqual(['id = 2']);
    expect(query.runs).toBe(1);
    expect(tree()).toBe(`${ENDED}\n    SELECT`);
  });
});

async function* threeChunks(): AsyncGenerator<string, string> {
  foreign('before a');
  yield 'a';
  await sleep(1);
  foreign('before b');
  yield 'b';
  foreign('before c');
  yield 'c';
  return 'done';
}

describe('an async generator', () => {
  it('gives its chunks, and its span ends when it has been read', async () => {
    const chunks: string[] = [];
    const stream = inRun(threeChunks);
    for await (const chunk of stream) {
      chunks.push(chunk);
      expect(ended()).not.toContain('execute_tool search');
    }
    expect(chunks).toEqual(['a', 'b', 'c']);
    expect(tree()).toBe(`${ENDED}\n    before a\n    before b\n    before c`);
  });

  it('is the same object, with its return value', async () => {
    const generator = threeChunks();
    const stream = inRun(() => generator);
    expect(stream).toBe(generator);
    for (const chunk of ['a', 'b', 'c']) expect(await stream.next()).toEqual({ value: chunk, done: false });
    expect(await stream.next()).toEqual({ value: 'done', done: true });
    expect(tree()).toContain(ENDED);
  });

  it('hands over what it is sent', async () => {
    const stream = inRun(async function* (): AsyncGenerator<string, void, string> {
      yield `got ${yield 'ready'}`;
    });
    await stream.next();
    expect(await stream.next('this')).toEqual({ value: 'got this', done: false });
    await stream.return();
  });

  it('leaves the reader in the scope that they were in', async () => {
    await baton.withRun({}, async () => {
      for await (const _ of baton.withTool({ tool: 'search' }, threeChunks)) {
        expect(activeName()).toBe('invoke_agent triage');
      }
    });
  });

  it('is cancelled when the reader breaks off, and its clean-up runs', async () => {
    let cleaned = false;
    const stream = inRun(async function* () {
      try {
        yield 1;
        yield 2;
      } finally {
        foreign('clean-up');
        cleaned = true;
      }
    });
    for await (const _ of stream) break;
    expect(cleaned).toBe(true);
    expect(tree()).toBe(`${CANCELLED}\n    clean-up`);
  });

  it('is cancelled when it is returned before it was started', async () => {
    const stream = inRun(threeChunks);
    expect(await stream.return('early')).toEqual({ value: 'early', done: true });
    expect(tree()).toBe(CANCELLED);
  });

  it('fails its span when the reader throws into it and it does not catch that', async () => {
    const error = new TypeError('no connection');
    const stream = inRun(threeChunks);
    await stream.next();
    await expect(stream.throw(error)).rejects.toBe(error);
    expect(tree()).toContain(FAILED);
  });

  it('goes on when it catches what the reader throws into it', async () => {
    const stream = inRun(async function* () {
      try {
        yield 1;
      } catch {
        yield 2;
      }
    });
    await stream.next();
    expect(await stream.throw(new Error('handled'))).toEqual({ value: 2, done: false });
    expect(ended()).toEqual([]);
    expect(await stream.next()).toEqual({ value: undefined, done: true });
    expect(tree()).toBe(ENDED);
  });

  it('that fails rejects with the same error, after the chunks before it', async () => {
    const error = new TypeError('no connection');
    const stream = inRun(async function* () {
      yield 1;
      throw error;
    });
    expect(await stream.next()).toEqual({ value: 1, done: false });
    await expect(stream.next()).rejects.toBe(error);
    expect(tree()).toBe(FAILED);
  });

  it('that nobody reads does nothing, and its span ends when it was given', () => {
    let started = false;
    baton.withSession({ kind: 'pipeline' }, () => {
      void inRun(async function* () {
        started = true;
        yield 1;
      });
    });
    expect(started).toBe(false);
    expect(tree()).toBe(UNREAD);
  });

  it('keeps the session open that it comes out of', async () => {
    const stream = baton.withSession({ kind: 'pipeline' }, () => inRun(threeChunks));
    for await (const _ of stream) expect(ended()).not.toContain('invoke_workflow pipeline');
    expect(ended().slice(-3)).toEqual(['execute_tool search', 'invoke_agent triage', 'invoke_workflow pipeline']);
  });

  it('can be promised', async () => {
    const stream = await inRun(async () => threeChunks());
    expect(ended()).toEqual([]);
    for await (const _ of stream);
    expect(tree()).toContain(ENDED);
  });
});

describe('an async iterable that is no generator', () => {
  /** What the clients of model providers give as a stream. */
  class ChunkStream implements AsyncIterable<number> {
    readonly controller: AbortController = new AbortController();
    async *[Symbol.asyncIterator](): AsyncGenerator<number> {
      foreign('read');
      yield 1;
      yield 2;
    }
    tee(): string {
      return 'two';
    }
  }

  it('is the same object, and its span ends when it has been read', async () => {
    const source = new ChunkStream();
    const stream = inRun(() => source);
    expect(stream).toBe(source);
    expect(stream.tee()).toBe('two');
    const chunks: number[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks).toEqual([1, 2]);
    expect(tree()).toBe(`${ENDED}\n    read`);
  });

  it('is cancelled when the reader breaks off', async () => {
    for await (const _ of inRun(() => new ChunkStream())) break;
    expect(tree()).toBe(`${CANCELLED}\n    read`);
  });

  it('may be read again, and its span ends once', async () => {
    const stream = inRun(() => new ChunkStream());
    for await (const _ of stream);
    const again: number[] = [];
    for await (const chunk of stream) again.push(chunk);
    expect(again).toEqual([1, 2]);
    expect(ended().filter((name) => name === 'execute_tool search')).toHaveLength(1);
  });

  it('with an iterator that has next alone is read to its end', async () => {
    let left = 2;
    const stream = inRun(() => ({
      [Symbol.asyncIterator]: () => ({ next: async () => ({ done: left-- === 0, value: left }) }),
    }));
    const chunks: number[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks).toEqual([1, 0]);
    expect(tree()).toBe(ENDED);
  });

  it.each<[string, AsyncIterable<number>]>([
    ['next rejects', iterableOf(() => Promise.reject(new TypeError('no connection')))],
    [
      'next throws',
      iterableOf(() => {
        throw new TypeError('no connection');
      }),
    ],
    [
      'the iterator cannot be made',
      {
        [Symbol.asyncIterator]: () => {
          throw new TypeError('no connection');
        },
      },
    ],
  ])('fails its span when %s', async (_, iterable) => {
    const stream = inRun(() => iterable);
    await expect(read(stream)).rejects.toThrow('no connection');
    expect(tree()).toBe(FAILED);
  });

  it('that is frozen comes back as it is', async () => {
    const stream = Object.freeze(new ChunkStream());
    expect(inRun(() => stream)).toBe(stream);
    expect(ended()).toContain('execute_tool search');
    expect(warnings.splice(0).map(({ message }) => message)).toEqual([FROZEN]);
  });

  it('that nobody reads has the end at which it was given', () => {
    baton.withSession({ kind: 'pipeline' }, () => {
      inRun(() => new ChunkStream());
    });
    expect(tree()).toBe(UNREAD);
  });
});

describe('a Node stream', () => {
  it('is the same object, and its span ends with its end', async () => {
    const source = Readable.from(['a', 'b']);
    const stream = inRun(() => source);
    expect(stream).toBe(source);
    expect(ended()).toEqual([]);
    expect(await read(stream)).toEqual(['a', 'b']);
    expect(tree()).toBe(ENDED);
  });

  it('does not flow before the app reads it', async () => {
    const source = Readable.from(['a', 'b']);
    const stream = inRun(() => source);
    await sleep(5);
    expect(stream.readableFlowing).toBe(null);
    expect(await read(stream)).toEqual(['a', 'b']);
  });

  it('is cancelled when it is destroyed before its end', async () => {
    const stream = inRun(() => Readable.from(['a', 'b']));
    stream.destroy();
    await closed(stream);
    expect(tree()).toBe(CANCELLED);
  });

  it('fails its span when it fails, and tells the app’s own listener once', async () => {
    const error = new TypeError('no connection');
    const stream = inRun(() => new Readable({ read() {} }));
    const heard: unknown[] = [];
    stream.on('error', (reason) => heard.push(reason));
    stream.destroy(error);
    await closed(stream);
    expect(heard).toHaveLength(1);
    expect(heard[0]).toBe(error);
    expect(tree()).toBe(FAILED);
  });

  it('has no error listener of ours: what the app does not handle stays unhandled', () => {
    const stream = inRun(() => new Readable({ read() {} }));
    expect(stream.listenerCount('error')).toBe(0);
    stream.destroy();
  });

  it('is cancelled when it is aborted', async () => {
    const controller = new AbortController();
    const stream = inRun(() => Readable.from(['a'], { signal: controller.signal }));
    stream.on('error', () => {});
    controller.abort();
    await closed(stream);
    expect(tree()).toBe('invoke_agent triage {run.status=cancelled}\n  execute_tool search');
  });

  it('that has ended already has ended its span', async () => {
    const stream = Readable.from(['a']);
    await read(stream);
    inRun(() => stream);
    await sleep(1);
    expect(tree()).toBe(ENDED);
  });

  it('that nobody reads has the end at which it was given', () => {
    baton.withSession({ kind: 'pipeline' }, () => {
      inRun(() => new Readable({ read() {} }));
    });
    expect(tree()).toBe(UNREAD);
  });

  it('can be promised', async () => {
    const source = Readable.from(['a', 'b']);
    const stream = await inRun(async () => source);
    expect(stream).toBe(source);
    expect(ended()).toEqual([]);
    expect(await read(stream)).toEqual(['a', 'b']);
    expect(tree()).toBe(ENDED);
  });
});

describe('a web stream', () => {
  function chunks(...all: string[]): ReadableStream<string> {
    return new ReadableStream({
      pull(controller) {
        const next = all.shift();
        if (next === undefined) controller.close();
        else controller.enqueue(next);
      },
    });
  }

  it('gives its chunks, and its span ends when it has been read', async () => {
    const stream = inRun(() => chunks('a', 'b'));
    expect(stream).toBeInstanceOf(ReadableStream);
    expect(await read(stream)).toEqual(['a', 'b']);
    expect(tree()).toBe(ENDED);
  });

  it('is not read ahead', async () => {
    let pulled = 0;
    const stream = inRun(
      () =>
        new ReadableStream<number>(
          {
            pull(controller) {
              controller.enqueue(pulled++);
            },
          },
          { highWaterMark: 0 },
        ),
    );
    await sleep(5);
    expect(pulled).toBe(0);
    const reader = stream.getReader();
    expect(await reader.read()).toEqual({ done: false, value: 0 });
    await sleep(5);
    expect(pulled).toBe(1);
    await reader.cancel();
  });

  it('is cancelled when it is cancelled, and its source hears why', async () => {
    const reasons: unknown[] = [];
    const stream = inRun(() => new ReadableStream<string>({ cancel: (reason) => void reasons.push(reason) }));
    await stream.cancel('enough');
    expect(reasons).toEqual(['enough']);
    expect(tree()).toBe(CANCELLED);
  });

  it('fails its span when it fails, and gives the reader the same error', async () => {
    const error = new TypeError('no connection');
    const stream = inRun(() => new ReadableStream<string>({ pull: () => Promise.reject(error) }));
    await expect(stream.getReader().read()).rejects.toBe(error);
    expect(tree()).toBe(FAILED);
  });

  it('that somebody else reads already comes back as it is, and ends when it was given', () => {
    const stream = chunks('a');
    const reader = stream.getReader();
    baton.withSession({ kind: 'pipeline' }, () => {
      expect(inRun(() => stream)).toBe(stream);
    });
    expect(tree()).toBe(UNREAD);
    reader.releaseLock();
  });

  it('of bytes can still be read into a buffer of the reader’s', async () => {
    const stream = inRun(
      () =>
        new ReadableStream({
          type: 'bytes',
          start(controller) {
            controller.enqueue(new Uint8Array([1, 2, 3]));
            controller.close();
          },
        }),
    );
    const reader = stream.getReader({ mode: 'byob' });
    expect((await reader.read(new Uint8Array(8))).value).toEqual(new Uint8Array([1, 2, 3]));
  });

  it('that nobody reads has the end at which it was given', () => {
    baton.withSession({ kind: 'pipeline' }, () => {
      inRun(() => chunks('a'));
    });
    expect(tree()).toBe(UNREAD);
  });

  it('can be promised', async () => {
    const stream = await inRun(async () => chunks('a', 'b'));
    expect(ended()).toEqual([]);
    expect(await read(stream)).toEqual(['a', 'b']);
    expect(tree()).toBe(ENDED);
  });
});

describe('a stream that a client’s own promise gives', () => {
  it.each<[string, () => AsyncIterable<unknown>]>([
    ['an async generator', threeChunks],
    ['a Node stream', () => Readable.from(['a', 'b', 'c'])],
    ['a web stream', () => new Blob(['abc']).stream() as unknown as AsyncIterable<unknown>],
  ])('keeps its span open until it is read, when it is %s', async (_, make) => {
    const stream = await inRun(() => ResponsePromise.resolve(make()));
    expect(ended()).toEqual([]);
    expect((await read(stream)).length).toBeGreaterThan(0);
    expect(tree()).toContain(ENDED);
  });

  it('is the same one for everybody who awaits the promise', async () => {
    const promise = inRun(() => ResponsePromise.resolve(new Blob(['abc']).stream()));
    const [first, second] = await Promise.all([promise, promise]);
    expect(first).toBe(second);
    expect(await promise).toBe(first);
    expect(first.locked).toBe(false);
    await first.cancel();
    expect(tree()).toBe(CANCELLED);
  });

  it('fails its span when it fails while it is read', async () => {
    const error = new TypeError('no connection');
    const stream = await inRun(() => ResponsePromise.resolve(iterableOf(() => Promise.reject(error))));
    await expect(read(stream)).rejects.toBe(error);
    expect(tree()).toBe(FAILED);
  });
});

describe('in a process of its own', () => {
  const CASES = [
    ['a rejection', `void call(() => Promise.reject(error));`],
    ['an async function that throws', `void call(async () => { throw error; });`],
    ['a promise of a class of its own', `class Mine extends Promise {}; void call(() => Mine.reject(error));`],
    ['a Node stream that fails', `call(() => new PassThrough()).destroy(error);`],
    ['an async generator that fails', `void call(async function* () { throw error; }).next();`],
  ] as const;
  let lines: string[];

  // One process for all, because it takes a second to start.
  beforeAll(() => {
    const cases = CASES.map(([name, body]) => `[${JSON.stringify(name)}, (call, error) => { ${body} }]`);
    const script = `
      import { PassThrough } from 'node:stream';
      import { setTimeout as sleep } from 'node:timers/promises';
      import { context, trace } from '@opentelemetry/api';
      import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
      import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
      const { Baton } = await import(${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)});
      const ended = [];
      const processor = { onStart() {}, onEnd: ({ name }) => ended.push(name), forceFlush: async () => {}, shutdown: async () => {} };
      trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [processor] }));
      context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
      const baton = new Baton({ agent: 'triage' });
      for (const event of ['unhandledRejection', 'uncaughtException']) {
        process.on(event, (error) => console.log(error.message + ': ' + event));
      }
      const inRun = (fn) => baton.withRun({}, () => baton.withTool({ tool: 'search' }, fn));
      for (const [name, play] of [${cases.join(', ')}]) {
        play((fn) => fn(), new Error(name + ', bare'));
        play(inRun, new Error(name + ', recorded'));
        await sleep(5);
      }
      ended.length = 0;
      inRun(async function* () { yield 1; });
      for (let turn = 0; turn < 100 && ended.length === 0; turn++) {
        await sleep(5);
        gc();
      }
      console.log('ended after collection: ' + ended);
    `;
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--expose-gc', '--import', 'tsx', '--input-type=module', '-e', script],
      { cwd: fileURLToPath(new URL('../..', import.meta.url)), encoding: 'utf8', timeout: 25_000 },
    );
    expect(stderr).toBe('');
    lines = stdout.trim().split('\n');
  });

  it.each(CASES.map(([name]) => name))('what nobody handles stays unhandled, once: %s', (name) => {
    const heard = (mode: string): string[] =>
      lines.filter((line) => line.startsWith(`${name}, ${mode}:`)).map((line) => line.split(': ')[1] ?? '');
    expect(heard('bare')).toHaveLength(1);
    expect(heard('recorded')).toEqual(heard('bare'));
  });

  it('the span of a stream that was given up ends when the stream is collected', () => {
    // The promise of a class of its own, which nobody awaited, may be collected at the same time.
    expect(lines.at(-1)).toMatch(/^ended after collection: execute_tool search,invoke_agent triage/);
  });
});

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** Unlike `once` of node:events, which rejects with the stream's error. */
function closed(stream: Readable): Promise<void> {
  return new Promise((done) => {
    stream.once('close', done);
  });
}

function iterableOf(next: () => Promise<IteratorResult<number>>): AsyncIterable<number> {
  return { [Symbol.asyncIterator]: () => ({ next }) };
}

async function read<T>(stream: AsyncIterable<T> | ReadableStream<T>): Promise<T[]> {
  const chunks: T[] = [];
  for await (const chunk of stream as AsyncIterable<T>) chunks.push(chunk);
  return chunks;
}
