import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Baton } from '../../src/index.ts';
import { recordResults } from './record-results.ts';

const recording = recordResults();
const { tree, names: ended, warnings } = recording;
let baton: Baton;

beforeEach(() => {
  baton = recording.client();
});

function endOf(name: string): number {
  const [seconds, nanos] = recording.spans().find((span) => span.name === name)?.endTime ?? [0, 0];
  return seconds * 1e6 + nanos / 1e3;
}

const ENDED = 'invoke_agent triage {run.status=completed}\n  execute_tool search';

function inRun<T>(fn: () => T): T {
  return baton.withRun({}, () => baton.withTool({ tool: 'search' }, fn));
}

function inSession<T>(fn: () => T): void {
  baton.withSession({ kind: 'pipeline' }, () => {
    inRun(fn);
  });
}

/** What a client counts of its own calls. */
function query(): PromiseLike<string> & { readonly calls: number } {
  return {
    calls: 0,
    // biome-ignore lint/suspicious/noThenProperty: that is what makes it one
    then(
      this: { calls: number },
      onValue?: ((value: string) => never) | null,
      onError?: ((error: unknown) => never) | null,
    ) {
      this.calls++;
      return Promise.resolve('rows').then(onValue, onError);
    },
  };
}

async function* chunks(): AsyncGenerator<number> {
  yield 1;
  yield 2;
}

const KINDS: [string, () => object][] = [
  ['a generator', () => (function* () {})()],
  ['an async generator', chunks],
  ['an async iterable', () => ({ [Symbol.asyncIterator]: chunks })],
  ['a promise-like', query],
  ['a web stream', () => new ReadableStream()],
  ['a Node stream', () => new Readable({ read() {} })],
];

/** What Baton may add to: the members, and the listeners of a stream. */
function hanging(object: object): unknown[] {
  const members = ['next', 'return', 'throw', 'then', 'cancel', Symbol.asyncIterator];
  return [
    members.map((name) => Object.getOwnPropertyDescriptor(object, name)),
    object instanceof Readable ? object.eventNames() : [],
  ];
}

describe('what was given and not read', () => {
  it.each(KINDS)('is as it was once its session is over: %s', (_, make) => {
    const object = make();
    const before = hanging(object);
    inSession(() => object);
    expect(hanging(object)).toEqual(before);
  });

  it.each(KINDS)('is as it was once its scope was ended by hand: %s', (_, make) => {
    const object = make();
    const before = hanging(object);
    const run = baton.startRun({});
    run.within(() =>
      baton.withTool({ tool: 'search' }, (call) => {
        call.end();
        return object;
      }),
    );
    expect(hanging(object)).toEqual(before);
    run.end();
    expect(tree()).toBe(ENDED);
  });

  it.each(KINDS)('is watched again when it is given again: %s', (_, make) => {
    const object = make();
    const before = hanging(object);
    inSession(() => object);
    const run = baton.startRun({});
    run.within(() => baton.withTool({ tool: 'search' }, () => object));
    expect(hanging(object)).not.toEqual(before);
    run.end();
    expect(hanging(object)).toEqual(before);
  });

  it('ends the session inside before the session around it, at shutdown', async () => {
    const given = new Promise(() => {});
    void baton.withSession({ name: 'outer' }, () => baton.withSession({ name: 'inner' }, () => inRun(() => given)));
    await baton.shutdown();
    expect(ended()).toEqual([
      'execute_tool search',
      'invoke_agent triage',
      'invoke_workflow inner',
      'invoke_workflow outer',
    ]);
  });

  it('that was read in part ends the run no later than its session, although a Node stream tells no time', async () => {
    await baton.withSession({ kind: 'pipeline' }, async () => {
      const stream = inRun(() => Readable.from(['a', 'b']));
      await new Promise((done) => stream.once('readable', () => done(stream.read())));
    });
    expect(endOf('invoke_agent triage')).toBeLessThanOrEqual(endOf('invoke_workflow pipeline'));
    expect(endOf('execute_tool search')).toBeLessThanOrEqual(endOf('invoke_agent triage'));
  });
});

describe('an object that several scopes give', () => {
  it('ends all of them, the inner ones first, and they say the same', async () => {
    const stream = chunks();
    inRun(() => stream);
    inRun(() => stream);
    for await (const _ of stream) break;
    expect(tree()).toBe(`${ENDED}\n${ENDED}`.replaceAll('completed', 'cancelled'));
  });

  it('has one layer of ours, whoever gives it', () => {
    const stream = chunks();
    baton.withRun({}, () => {
      baton.withTool({ tool: 'search' }, () => stream);
      const { next } = stream;
      baton.withTool({ tool: 'search' }, () => stream);
      expect(stream.next).toBe(next);
    });
  });

  it('ends the newer scope, too, when a loop that began before goes on to its end', async () => {
    const stream = chunks();
    const session = baton.startSession({});
    session.within(() => void inRun(() => stream));
    for await (const chunk of stream) {
      if (chunk !== 1) continue;
      session.end();
      inRun(() => stream);
    }
    expect(ended().filter((name) => name === 'execute_tool search')).toHaveLength(2);
  });

  it('says to which of two scopes nothing when one of them ended by itself', async () => {
    const stream = chunks();
    const run = baton.startRun({});
    const other = baton.startRun({});
    run.within(() => void baton.withTool({ tool: 'search' }, () => stream));
    other.within(() => void baton.withTool({ tool: 'write' }, () => stream));
    run.end();
    expect(ended()).toEqual(['execute_tool search', 'invoke_agent triage']);
    for await (const _ of stream);
    expect(ended().at(-1)).toBe('execute_tool write');
    other.end();
  });
});

describe('what looks like a promise', () => {
  it('has a then of its own: it is the same object, and gets the calls that the app makes', async () => {
    const calls: unknown[] = [];
    const promise = Promise.resolve('body');
    const own = Object.defineProperty(promise, 'then', {
      configurable: true,
      value(...given: [never]) {
        calls.push(given.length);
        return Promise.prototype.then.apply(this as Promise<string>, given);
      },
    });
    const result = inRun(() => own);
    expect(result).toBe(own);
    await turn();
    expect(calls).toEqual([]);
    expect(await result.then((value) => value)).toBe('body');
    expect(calls).toHaveLength(1);
    expect(tree()).toBe(ENDED);
  });

  it('is a proxy that binds the methods of a promise: it is the same object, and its span ends when it settles', async () => {
    const proxy = new Proxy(Promise.resolve('body'), {
      get(promise, name) {
        const value: unknown = Reflect.get(promise, name);
        return typeof value === 'function' ? value.bind(promise) : value;
      },
    });
    const result = inRun(() => proxy);
    expect(result).toBe(proxy);
    expect(await result).toBe('body');
    expect(tree()).toBe(ENDED);
  });

  it('is a function with a then: its span ends when it settles', async () => {
    const builder = Object.assign(() => 'called', query());
    const result = inRun(() => builder);
    expect(result).toBe(builder);
    expect(ended()).toEqual([]);
    expect(await result).toBe('rows');
    expect(tree()).toBe(ENDED);
  });
});

describe('until', () => {
  it('that gives the promise-like itself asks for no work: its span ends for whoever awaits it', async () => {
    const rows = query();
    const result = baton.withRun({ until: (given) => given }, () => rows);
    await turn();
    expect(rows.calls).toBe(0);
    expect(ended()).toEqual([]);
    await result;
    expect(rows.calls).toBe(1);
    expect(ended()).toEqual(['invoke_agent triage']);
  });

  it('that gives the stream itself waits for its end', async () => {
    const stream = baton.withRun({ until: (given) => given }, chunks);
    for await (const _ of stream) expect(ended()).toEqual([]);
    expect(ended()).toEqual(['invoke_agent triage']);
  });

  it('that throws what nobody can show throws nothing into the app', () => {
    const result = baton.withRun(
      {
        until: () => {
          throw Object.create(null);
        },
      },
      () => 42,
    );
    expect(result).toBe(42);
    expect(ended()).toEqual(['invoke_agent triage']);
    expect(warnings.splice(0)).toHaveLength(1);
  });

  it('leaves nothing on the result when the scope ends before it', () => {
    const result = { [Symbol.asyncIterator]: chunks };
    const own = Reflect.get(result, Symbol.asyncIterator);
    const session = baton.startSession({});
    session.within(() => void baton.withRun({ until: () => new Promise(() => {}) }, () => result));
    expect(result[Symbol.asyncIterator]).not.toBe(own);
    session.end();
    expect(result[Symbol.asyncIterator]).toBe(own);
  });
});

describe('the app’s own ways with an object', () => {
  it('iterates what is its own iterator, although its prototype is frozen', async () => {
    class Frozen {
      #left = 2;
      [Symbol.asyncIterator](): this {
        return this;
      }
      async next(): Promise<IteratorResult<number>> {
        return { done: this.#left === 0, value: this.#left-- };
      }
    }
    Object.freeze(Frozen.prototype);
    const read: number[] = [];
    for await (const chunk of inRun(() => new Frozen())) read.push(chunk);
    expect(read).toEqual([2, 1]);
    expect(tree()).toBe(ENDED);
  });

  it('takes the cancel of a web stream away from it, and gets the error that it would get', async () => {
    const bare = new ReadableStream().cancel;
    const { cancel } = inRun(() => new ReadableStream());
    const refusal = await bare.call(undefined as never).catch(String);
    expect(await cancel.call(undefined as never).catch(String)).toBe(refusal);
    await baton.shutdown();
  });
});
