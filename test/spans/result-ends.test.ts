import { once } from 'node:events';
import { Duplex, PassThrough, Readable, Transform, Writable } from 'node:stream';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { trace } from '@opentelemetry/api';
import type { Baton } from '../../src/index.ts';
import { recordResults } from './record-results.ts';

const recording = recordResults();
const { tree, names: ended, warnings } = recording;
let baton: Baton;

beforeEach(() => {
  baton = recording.client();
});

function foreign(name: string): void {
  trace.getTracer('app').startSpan(name).end();
}

function inRun<T>(fn: () => T): T {
  return baton.withRun({}, () => baton.withTool({ tool: 'search' }, fn));
}

/** How long the tool's span lasted, in milliseconds. */
function lasted(name = 'execute_tool search'): number {
  const [seconds, nanos] = recording.spans().find((span) => span.name === name)?.duration ?? [Number.NaN, 0];
  return seconds * 1e3 + nanos / 1e6;
}

/** When a span ended, in Unix milliseconds. */
function endOf(name: string): number {
  const [seconds, nanos] = recording.spans().find((span) => span.name === name)?.endTime ?? [Number.NaN, 0];
  return seconds * 1e3 + nanos / 1e6;
}

const ENDED = 'invoke_agent triage {run.status=completed}\n  execute_tool search';
const CANCELLED = ENDED.replace('completed', 'cancelled');
const FAILED = `
invoke_agent triage ERROR(no connection) {error.type=TypeError run.status=failed}
  execute_tool search ERROR(no connection) {error.type=TypeError} [exception]
`.trim();

function* twoChunks(): Generator<string> {
  foreign('before a');
  yield 'a';
  foreign('before b');
  yield 'b';
  return 'done';
}

async function* slowly(): AsyncGenerator<number> {
  yield 1;
  await sleep(30);
  yield 2;
}

describe('a generator', () => {
  it('is the same object, does its work inside the scope, and its span ends when it has been read', () => {
    const generator = twoChunks();
    const result = inRun(() => generator);
    expect(result).toBe(generator);
    expect(ended()).toEqual([]);
    expect([...result]).toEqual(['a', 'b']);
    expect(tree()).toBe(`${ENDED}\n    before a\n    before b`);
  });

  it('gives its return value, and is handed what the reader sends', () => {
    const result = inRun(function* (): Generator<string, string, string> {
      return `got ${yield 'ready'}`;
    });
    expect(result.next()).toEqual({ value: 'ready', done: false });
    expect(result.next('this')).toEqual({ value: 'got this', done: true });
    expect(tree()).toBe(ENDED);
  });

  it('is cancelled when the reader breaks off, and its clean-up runs inside the scope', () => {
    const result = inRun(function* () {
      try {
        yield 1;
      } finally {
        foreign('clean-up');
      }
    });
    for (const _ of result) break;
    expect(tree()).toBe(`${CANCELLED}\n    clean-up`);
  });

  it('goes on when its clean-up yields, and is cancelled when that is read', () => {
    const result: Generator<unknown, unknown> = inRun(function* () {
      try {
        yield 1;
      } finally {
        yield 'last';
      }
    });
    result.next();
    expect(result.return('early')).toEqual({ value: 'last', done: false });
    expect(ended()).toEqual([]);
    expect(result.next()).toEqual({ value: 'early', done: true });
    expect(ended()).toContain('execute_tool search');
  });

  it('fails its span when it throws', () => {
    const error = new TypeError('no connection');
    const result = inRun(function* () {
      yield 1;
      throw error;
    });
    expect(() => [...result]).toThrow(error);
    expect(tree()).toBe(FAILED);
  });

  it('is read through another one that delegates to it', () => {
    const inner = inRun(twoChunks);
    const outer = (function* () {
      return yield* inner;
    })();
    expect([...outer]).toEqual(['a', 'b']);
    expect(tree()).toContain(ENDED);
  });
});

describe('when the span ends', () => {
  it('of what nobody reads: when it was given, and not with its session', async () => {
    let given = 0;
    await baton.withSession({ kind: 'pipeline' }, async () => {
      inRun(slowly);
      given = Date.now();
      await sleep(40);
    });
    for (const name of ['execute_tool search', 'invoke_agent triage']) {
      // Within a millisecond: so much the two clocks may differ.
      expect(endOf(name)).toBeLessThan(given + 1.001);
    }
    expect(endOf('invoke_workflow pipeline')).toBeGreaterThan(given + 30);
  });

  it('of what was read in part: when it was read last, and it says cancelled', async () => {
    await baton.withSession({ kind: 'pipeline' }, async () => {
      const stream = inRun(slowly);
      await stream.next();
      await stream.next();
      await sleep(60);
    });
    expect(lasted()).toBeGreaterThan(25);
    expect(lasted()).toBeLessThan(lasted('invoke_workflow pipeline') - 30);
    expect(tree()).toMatch(/run.status=cancelled/);
  });

  it('of what somebody reads right then: with its session, and it says abandoned', async () => {
    const session = baton.startSession({ kind: 'pipeline' });
    const stream = session.within(() => inRun(slowly));
    await stream.next();
    const waiting = stream.next();
    session.end();
    expect(tree()).toMatch(/run.status=abandoned/);
    expect(await waiting).toEqual({ value: 2, done: false });
  });

  it('of what is cancelled: the inner ones first, and all of them say so', async () => {
    const stream = baton.withSession({ kind: 'pipeline' }, () => inRun(slowly));
    for await (const _ of stream) break;
    expect(ended()).toEqual(['execute_tool search', 'invoke_agent triage', 'invoke_workflow pipeline']);
    expect(tree()).toBe(
      `
invoke_workflow pipeline {session.status=cancelled}
  invoke_agent triage {run.status=cancelled}
    execute_tool search
`.trim(),
    );
  });
});

const KEPT = Symbol('kept');

describe('a Response', () => {
  it('is the same object, and its span ends when its body has been read', async () => {
    const response = new Response('text', { status: 201 });
    const result = inRun(() => response);
    expect(result).toBe(response);
    expect(result.bodyUsed).toBe(false);
    expect(ended()).toEqual([]);
    expect(await result.text()).toBe('text');
    expect(tree()).toBe(ENDED);
  });

  it('without a body ends its span at once', () => {
    inRun(() => new Response(null, { status: 204 }));
    expect(tree()).toBe(ENDED);
  });

  it('of which a copy is read, too, ends its span when both have been read', async () => {
    const response = inRun(() => new Response('text'));
    const copy = response.clone();
    expect(await copy.text()).toBe('text');
    expect(await response.text()).toBe('text');
    expect(tree()).toBe(ENDED);
  });

  it('is cancelled with its body', async () => {
    const response = inRun(() => new Response('text'));
    await response.body?.cancel();
    await turn();
    expect(tree()).toBe(CANCELLED);
  });

  it('fails its span when its body fails', async () => {
    const error = new TypeError('no connection');
    const body = new ReadableStream({ pull: () => Promise.reject(error) });
    const response = inRun(() => new Response(body as never));
    await expect(response.text()).rejects.toBe(error);
    expect(tree()).toBe(FAILED);
  });

  /** As a server's: a real response is made only for who asks for more than it was made of. */
  class LightResponse {
    readonly asked: string[] = [];
    readonly [KEPT]: readonly unknown[];

    constructor(body: unknown) {
      this[KEPT] = [200, body, undefined];
    }

    get body(): unknown {
      this.asked.push('body');
      return this[KEPT][1];
    }
  }
  Object.setPrototypeOf(LightResponse.prototype, Response.prototype);

  it('that makes its body for who asks is not asked', () => {
    const response = inRun(() => new LightResponse('text'));
    expect(response.asked).toEqual([]);
    expect(tree()).toBe(ENDED);
  });

  it('that makes its body for who asks ends its span with the stream that it keeps', async () => {
    const stream = ReadableStream.from(slowly());
    const response = inRun(() => new LightResponse(stream));
    expect(ended()).toEqual([]);
    for await (const _ of stream);
    await turn();
    expect(response.asked).toEqual([]);
    expect(tree()).toBe(ENDED);
  });

  it.each<[string, () => Transform]>([
    ['passed through', () => new PassThrough()],
    ['unzipped', () => new Transform({ transform: (chunk, _, done) => done(null, chunk) })],
  ])('of node-fetch ends its span with its body, which is %s', async (_, make) => {
    const body = make();
    const response = { bodyUsed: false, body, [Symbol.toStringTag]: 'Response' };
    expect(inRun(() => response)).toBe(response);
    expect(ended()).toEqual([]);
    body.end('text');
    body.resume();
    await once(body, 'end');
    expect(tree()).toBe(ENDED);
  });

  it('can be promised, as fetch does', async () => {
    const response = await inRun(async () => new Response('text'));
    expect(ended()).toEqual([]);
    await response.text();
    expect(tree()).toBe(ENDED);
  });
});

describe('a Node stream that can be written to', () => {
  it.each([
    ['a Duplex', () => new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })],
    ['a Transform', () => new Transform()],
    ['a PassThrough', () => new PassThrough()],
    ['a Writable', () => new Writable({ write: (_chunk, _encoding, done) => done() })],
  ])('ends its span at once, and gets no listener: %s', (_, make) => {
    const stream = make();
    const before = stream.eventNames();
    expect(inRun(() => stream)).toBe(stream);
    expect(stream.eventNames()).toEqual(before);
    expect(tree()).toBe(ENDED);
  });
});

describe('a promise-like whose then is a getter', () => {
  function asked(value: (times: number) => unknown): { readonly object: object; times(): number } {
    let times = 0;
    const object = Object.defineProperty({}, 'then', { configurable: true, get: () => value(++times) });
    return { object, times: () => times };
  }

  it('is asked no more often than without Baton', async () => {
    const { object, times } = asked(() => (done: (value: string) => void) => done('rows'));
    const result = inRun(() => object);
    expect(times()).toBe(0);
    expect(await result).toBe('rows');
    expect(times()).toBe(1);
    expect(tree()).toBe(ENDED);
  });

  it('fails its span when the getter throws, and whoever awaits it gets that error', async () => {
    const error = new TypeError('no connection');
    const { object } = asked(() => {
      throw error;
    });
    await expect((async () => inRun(() => object))()).rejects.toBe(error);
    expect(tree()).toBe(FAILED);
  });

  it('is a value where the getter gives no function', async () => {
    const { object } = asked(() => undefined);
    expect(await inRun(() => object)).toBe(object);
    expect(tree()).toBe(ENDED);
  });
});

describe('an object that cannot be changed', () => {
  it('ends its span at once, and Baton warns once however many there are', () => {
    // biome-ignore lint/suspicious/noThenProperty: that is what makes it one
    const query = { then: (done: (value: string) => void) => done('rows') };
    for (const object of [query, { [Symbol.asyncIterator]: slowly }, slowly()]) {
      const frozen = Object.freeze(object);
      expect(inRun(() => frozen)).toBe(frozen);
    }
    expect(tree()).toBe([ENDED, ENDED, ENDED].join('\n'));
    expect(warnings.splice(0).map(({ code }) => code)).toEqual(['unwatched_result']);
    expect(baton.warnings()).toEqual({ unwatched_result: 6 });
  });
});

describe('a handle of Baton itself', () => {
  it.each([
    ['the run', () => baton.withRun({}, (run) => run)],
    ['another run', () => baton.withRun({}, () => baton.startRun({}))],
    ['a handoff', () => baton.withRun({}, () => baton.trackHandoffRequested({ target: 'billing' }))],
    ['the client', () => baton.withRun({}, () => baton)],
  ])('comes back as it is, and the span ends at once: %s', async (_, give) => {
    const handle = give();
    expect(handle).toBeDefined();
    expect(ended()).toContain('invoke_agent triage');
    await baton.shutdown();
  });
});

describe('until', () => {
  it('lets the span last as long as the promise that it gives, of a result that ends at once', async () => {
    const result = baton.withRun({ until: ({ done }) => done }, () => ({ done: sleep(30, 'late') }));
    expect(ended()).toEqual([]);
    await result.done;
    await turn();
    expect(lasted('invoke_agent triage')).toBeGreaterThan(25);
  });

  it('gets the value of a plain promise, and is called once', async () => {
    const given: unknown[] = [];
    await baton.withRun({ until: (value) => void given.push(value) }, async () => 42);
    expect(given).toEqual([42]);
    expect(ended()).toEqual(['invoke_agent triage']);
  });

  it('that rejects fails the span, and nobody else has to handle it', async () => {
    baton.withRun({ until: () => Promise.reject(new TypeError('no connection')) }, () => 42);
    await turn();
    expect(tree()).toBe(
      'invoke_agent triage ERROR(no connection) {error.type=TypeError run.status=failed} [exception]',
    );
  });

  it.each<[string, () => AsyncIterable<number> | Readable]>([
    ['a generator', slowly],
    ['an iterable', () => ({ [Symbol.asyncIterator]: slowly })],
    ['a Node stream', () => Readable.from(slowly())],
    ['a web stream', () => ReadableStream.from(slowly()) as unknown as AsyncIterable<number>],
  ])('waits for the end of what the app reads: %s', async (_, make) => {
    const result = baton.withRun({ until: ({ stream }) => stream }, () => ({ stream: make() }));
    expect(ended()).toEqual([]);
    for await (const _ of result.stream);
    await turn();
    expect(tree()).toBe('invoke_agent triage {run.status=completed}');
    expect(lasted('invoke_agent triage')).toBeGreaterThan(25);
  });

  it.each<[string, (stream: Duplex) => unknown]>([
    ['inside the result', (stream) => ({ stream })],
    ['the result itself', (stream) => stream],
  ])('waits for a stream that can be written to, %s', async (_, make) => {
    const stream = new PassThrough();
    baton.withRun({ until: () => stream }, () => make(stream));
    expect(ended()).toEqual([]);
    stream.end('text');
    stream.resume();
    await once(stream, 'end');
    expect(tree()).toBe('invoke_agent triage {run.status=completed}');
  });

  it('waits for a stream that can only be written to', async () => {
    const [written, left] = [0, 1].map(() => new Writable({ write: (_chunk, _encoding, done) => done() })) as [
      Writable,
      Writable,
    ];
    baton.withRun({ agent: 'writer', until: (stream) => stream }, () => written);
    baton.withRun({ agent: 'leaver', until: (stream) => stream }, () => left);
    expect(ended()).toEqual([]);
    written.end('text');
    await once(written, 'close');
    left.destroy();
    await once(left, 'close');
    expect(tree()).toBe('invoke_agent writer {run.status=completed}\ninvoke_agent leaver {run.status=cancelled}');
  });

  it('waits for what its promise gives, too', async () => {
    const stream = slowly();
    baton.withRun({ until: async () => stream }, () => 42);
    await turn();
    expect(ended()).toEqual([]);
    for await (const _ of stream);
    expect(ended()).toEqual(['invoke_agent triage']);
  });

  it('that gives nothing ends the span at once', () => {
    expect(baton.withRun({ until: () => undefined }, () => 42)).toBe(42);
    expect(ended()).toEqual(['invoke_agent triage']);
  });

  it('that throws ends the span at once, with a warning', () => {
    const until = (): never => {
      throw new Error('no such method');
    };
    expect(baton.withRun({ until }, () => 42)).toBe(42);
    expect(ended()).toEqual(['invoke_agent triage']);
    expect(warnings.splice(0).map(({ code }) => code)).toEqual(['unwatched_result']);
  });

  it('is not called when the callback throws', () => {
    const until = (): never => {
      throw new Error('was called');
    };
    expect(() =>
      baton.withRun({ until }, () => {
        throw new TypeError('no connection');
      }),
    ).toThrow('no connection');
    expect(tree()).toMatch(/^invoke_agent triage ERROR\(no connection\)/);
  });

  it('keeps the scope for the work of the result, which ends nothing', async () => {
    let finish: () => void = () => {};
    const over = new Promise<void>((done) => {
      finish = done;
    });
    const result = baton.withRun({ until: () => over }, twoChunks);
    expect([...result]).toEqual(['a', 'b']);
    expect(ended()).toEqual(['before a', 'before b']);
    finish();
    await turn();
    expect(tree()).toBe('invoke_agent triage {run.status=completed}\n  before a\n  before b');
  });
});
