/**
 * Gives one cached object through so many scopes, in a process of its own with `--expose-gc`, and writes a line of JSON for each
 * kind: how many bytes of heap each of the later scopes has left behind at least, and what the app reads of the object at last.
 */
import { Readable } from 'node:stream';
import { Baton } from '../../../src/index.ts';
import { setUpCounted } from './counted.ts';

const counted = setUpCounted();
const baton = new Baton({ agent: 'app', tracerProvider: counted.provider });

/** A scope each time: in a run of its own, or all in one session that stays open. */
type Where = 'each in a run' | 'all in one session';

class Own extends Promise<unknown> {}

interface Kind {
  make(): unknown;
  /** What the app does with it each time. */
  use?(object: never): unknown;
  /** What the app reads of it at last. */
  last(object: never): unknown;
}

const LATER = 'nothing came';
const soon = (wait: Promise<unknown>): Promise<unknown> =>
  Promise.race([wait, new Promise((done) => setImmediate(() => done(LATER)))]);
const query = (): PromiseLike<unknown> => ({
  // biome-ignore lint/suspicious/noThenProperty: that is what makes it one
  then: (onValue, onError) => Promise.resolve('rows').then(onValue, onError),
});
const chunks = async function* (): AsyncGenerator<string> {
  yield 'a';
  yield 'b';
};
const all = async (source: AsyncIterable<unknown>): Promise<string> => {
  const read: unknown[] = [];
  for await (const chunk of source) read.push(chunk);
  return read.join('');
};
const web = (): ReadableStream<string> =>
  new ReadableStream({
    start(controller) {
      controller.enqueue('a');
      controller.close();
    },
  });

const KINDS: Record<string, Kind> = {
  'a promise-like that nobody awaits': { make: query, last: async (object: PromiseLike<unknown>) => object },
  'a promise-like that is awaited each time': {
    make: query,
    use: async (object: PromiseLike<unknown>) => void (await object),
    last: async (object: PromiseLike<unknown>) => object,
  },
  'a promise of a class of its own': { make: () => Own.resolve(1), last: async (object: Own) => object },
  'a plain promise that never settles': {
    make: () => new Promise(() => {}),
    last: (object: Promise<unknown>) => soon(object),
  },
  'a plain promise': { make: () => Promise.resolve(1), last: async (object: Promise<unknown>) => object },
  'a generator': { make: chunks, last: all },
  'an iterable that nobody reads': { make: () => ({ [Symbol.asyncIterator]: chunks }), last: all },
  'an iterable that is read each time': {
    make: () => ({ [Symbol.asyncIterator]: chunks }),
    use: (object: AsyncIterable<unknown>) => all(object),
    last: all,
  },
  'an iterable of which an iterator is left each time': {
    make: () => ({ [Symbol.asyncIterator]: chunks }),
    use: (object: AsyncIterable<unknown>) => object[Symbol.asyncIterator]().next(),
    last: all,
  },
  'a web stream': { make: web, last: all },
  'a Response': { make: () => new Response('text'), last: (object: Response) => object.text() },
  'a Node stream': { make: () => Readable.from(['a', 'b']), last: all },
};

const gc = (globalThis as { gc?: () => void }).gc as () => void;

async function heap(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    await new Promise((done) => setImmediate(done));
    gc();
  }
  return process.memoryUsage().heapUsed;
}

async function measure(kind: Kind, where: Where, scopes: number): Promise<object> {
  const { use, last } = kind;
  const object = kind.make();
  const session = where === 'all in one session' ? baton.startSession({}) : undefined;
  const run = session?.within(() => baton.startRun({}));
  const give = (): unknown => baton.withTool({ tool: 'search' }, () => object);
  const third = Math.floor(scopes / 3);
  const heaps: number[] = [];
  for (let scope = 0; scope < scopes; scope++) {
    if (scope === third || scope === 2 * third) heaps.push(await heap());
    if (run) run.within(give);
    else baton.withRun({}, () => void give());
    if (use) await use(object as never);
  }
  heaps.push(await heap());
  // What leaks, leaks all the time; what is noise comes once.
  const [first = 0, second = 0, end = 0] = heaps;
  const bytes = Math.round(Math.min(second - first, end - second) / third);
  const read = await last(object as never);
  session?.end();
  const lost = counted.started - counted.ended;
  counted.started = 0;
  counted.ended = 0;
  return { bytes, read, lost };
}

const scopes = Number(process.argv[2]);
// What is compiled and kept on the way is no part of it.
for (const kind of Object.values(KINDS)) await measure(kind, 'each in a run', 500);
for (const where of ['each in a run', 'all in one session'] as const) {
  for (const [kind, how] of Object.entries(KINDS)) {
    process.stdout.write(`${JSON.stringify({ name: `${kind}, ${where}`, ...(await measure(how, where, scopes)) })}\n`);
  }
}
