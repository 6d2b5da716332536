import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Baton, type BatonOptions } from '../../src/index.ts';
import { expectLinear } from '../support/growth.ts';
import { recordEachTest } from '../support/recording.ts';

const recording = recordEachTest();

/** What is written of a summary. */
function summary(inputSummary: unknown, options: Partial<BatonOptions> = {}): string {
  new Baton({ agent: 'triage', ...options }).withRun({ inputSummary: inputSummary as object }, () => {});
  return String(recording.spans().at(-1)?.attributes['baton.run.input_summary']);
}

/** What is written of an entry of metadata. */
function entry(value: unknown): unknown {
  new Baton({ agent: 'triage' }).withRun({ metadata: { value } }, () => {});
  return recording.spans().at(-1)?.attributes['baton.metadata.value'];
}

const bytes = (text: string): number => Buffer.byteLength(text);
const MARK = /… \[cut, (\d+) bytes\]$/;
/** A surrogate without its partner: the sign of a character that was cut in two. */
const LONE = /\p{Cs}/u;

describe('a long text', () => {
  it.each([
    ['letters', 'a', 1],
    ['umlauts', 'ü', 2],
    ['ideographs', '語', 3],
    ['emoji', '😀', 4],
  ])('of %s stays as it is up to exactly 2,000 bytes, and is cut from the next one on', (_, character, size) => {
    const fits = character.repeat(Math.floor(2_000 / size));
    const exact = fits + 'a'.repeat(2_000 - bytes(fits));
    expect(bytes(exact)).toBe(2_000);
    expect(summary(exact) === exact).toBe(true);
    const cut = summary(`${exact}a`);
    expect(cut.slice(-25)).toMatch(/… \[cut, 2001 bytes\]$/);
    expect(bytes(cut)).toBeLessThanOrEqual(2_000);
    expect(bytes(cut)).toBeGreaterThan(1_900);
    expect(exact.startsWith(cut.replace(MARK, ''))).toBe(true);
  });

  it('is cut between characters, wherever the limit falls', () => {
    for (let shift = 0; shift < 8; shift++) {
      const cut = summary(`${'a'.repeat(shift)}${'😀'.repeat(1_000)}`);
      expect(cut.slice(0, 20 + shift)).toMatch(/^a*😀+/u);
      expect(LONE.test(cut) || cut.includes('\ufffd')).toBe(false);
      expect(bytes(cut)).toBeLessThanOrEqual(2_000);
    }
  });

  it('may be full of combining characters', () => {
    const text = 'e\u0301'.repeat(2_000);
    const cut = summary(text);
    expect(text.startsWith(cut.replace(MARK, ''))).toBe(true);
    expect(bytes(cut)).toBeLessThanOrEqual(2_000);
  });

  it.each(['\ud800', '\udc00', '\udc00\ud800'])('may be full of halves of characters: %j', (half) => {
    const cut = summary(half.repeat(2_000));
    expect(cut).toMatch(MARK);
    expect(bytes(cut)).toBeLessThanOrEqual(2_000);
    expect(summary(half)).toHaveLength(half.length);
  });

  it('is cut to what the app asked for', () => {
    const cut = summary('a'.repeat(100), { maxAttributeBytes: 64 });
    expect(cut).toMatch(/^a+… \[cut, 100 bytes\]$/);
    expect(bytes(cut)).toBeLessThanOrEqual(64);
    expect(summary('a'.repeat(5_000), { maxAttributeBytes: 5_000 })).toHaveLength(5_000);
  });

  it('keeps a readable beginning and never gets longer than the limit, whatever it is and whatever the limit', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 64, max: 300 }),
        (text, times, maxAttributeBytes) => {
          const given = text.repeat(times);
          const written = summary(given, { maxAttributeBytes });
          expect(bytes(written)).toBeLessThanOrEqual(maxAttributeBytes);
          if (bytes(given) <= maxAttributeBytes) expect(written).toBe(given);
          else {
            expect(given.startsWith(written.replace(MARK, ''))).toBe(true);
            expect(MARK.exec(written)?.[1]).toBe(String(bytes(given)));
          }
        },
      ),
    );
  });

  it('is cut in each attribute, event, link, status and key, of each kind of span', () => {
    const long = 'a'.repeat(5_000);
    const baton = new Baton({
      agent: { key: long, name: long, description: long, version: long },
      content: 'full',
      environment: long,
    });
    baton.withSession(
      { id: long, name: long, kind: long, userId: long, conversationId: long, previousSessionId: long },
      () => {
        baton.withRun({ stepKey: long, stepName: long, role: long, metadata: { [long]: long, a: [long] } }, () => {
          baton.withWorkflowStep({ stepKey: long, payloadSummary: { [long]: long } }, () => {});
          baton.withTool({ tool: { name: long, description: long }, callId: long, arguments: long }, (call) =>
            call.setResult([long]),
          );
          baton.withLlmCall({ model: long, provider: long, messages: [long] }, (call) =>
            call.setResponse({ id: long, finishReasons: [long], usage: { cost: { [long]: 1 } } }),
          );
          baton.trackHandoffRequested({ target: long, reason: long, reasonType: long });
          baton.withChildRun({ agent: long }, () => baton.trackHandoffFailed({ error: new Error(long), reason: long }));
          baton.track({ type: long, payload: { [long]: long } });
        });
      },
    );
    baton.withRun({ sessionId: long }, () => {});
    baton.withTool({ tool: 'search', sessionId: long }, () => {});
    const texts: string[] = [];
    for (const { name, attributes, events, links, status } of recording.spans()) {
      texts.push(status.message ?? '', ...events.map((event) => event.name));
      // The name is a word of ours and one of the app's.
      texts.push(name.replace(/^\w+ /, ''));
      for (const each of [
        attributes,
        ...events.map((event) => event.attributes),
        ...links.map((link) => link.attributes),
      ]) {
        for (const [key, value] of Object.entries(each ?? {})) {
          texts.push(key.replace(/^baton\.(metadata|usage\.cost)\./, ''), ...[value].flat().map(String));
        }
      }
    }
    expect(recording.spans().length).toBe(10);
    expect(texts.filter((text) => bytes(text) > 2_000).map((text) => text.length)).toEqual([]);
  });
});

describe('an object', () => {
  const cycle: Record<string, unknown> = { name: 'a' };
  cycle.self = cycle;
  cycle.list = [cycle];
  const shared = { a: 1 };

  it.each<[string, unknown, string]>([
    ['an empty one', {}, '{}'],
    ['a nested one', { a: [1, 'b', true, null, { c: undefined }] }, '{"a":[1,"b",true,null,{}]}'],
    ['a bigint', { a: 10n }, '{"a":"10"}'],
    ['a cycle', cycle, '{"name":"a","self":"[circular]","list":["[circular]"]}'],
    ['the same object twice', [shared, shared], '[{"a":1},{"a":1}]'],
    [
      'NaN and infinities',
      [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
      '["NaN","Infinity","-Infinity"]',
    ],
    ['a Map', new Map<unknown, unknown>([['a', new Map([['b', 1]])]]), '{"a":{"b":1}}'],
    [
      'a Map with keys that are no texts',
      new Map<unknown, unknown>([
        [1, 'a'],
        [true, 'b'],
      ]),
      '{"1":"a","true":"b"}',
    ],
    ['a Set', new Set([1, 'a', new Set([2])]), '[1,"a",[2]]'],
    ['a Date', { at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
    ['an invalid Date', { at: new Date(Number.NaN) }, '{"at":"[invalid date]"}'],
    ['an Error', { error: new TypeError('no') }, '{"error":{"name":"TypeError","message":"no"}}'],
    ['a URL', { at: new URL('https://example.com/a') }, '{"at":"https://example.com/a"}'],
    [
      'symbols and functions',
      { a: Symbol('x'), b: () => 1, c: class {}, d: [Symbol('x')] },
      '{"a":"[Symbol(x)]","b":"[function b]","c":"[class c]","d":["[Symbol(x)]"]}',
    ],
    [
      'a Map with objects as keys',
      new Map<unknown, unknown>([
        [{ a: 1 }, 'x'],
        ['b', 2],
      ]),
      '[[{"a":1},"x"],["b",2]]',
    ],
    ['headers', new Headers({ Accept: 'text/html', 'X-A': '1' }), '{"accept":"text/html","x-a":"1"}'],
    ['a query', { q: new URLSearchParams('a=1&b=2&a=3') }, '{"q":{"a":["1","3"],"b":"2"}}'],
    [
      'a form',
      formOf([
        ['a', '1'],
        ['file', new Blob(['abc'])],
      ]),
      '{"a":"1","file":"[File, 3 bytes]"}',
    ],
    ['a RegExp', { a: /^x+$/gi }, '{"a":"/^x+$/gi"}'],
    [
      'what cannot be looked into',
      {
        a: new WeakMap(),
        b: Promise.resolve(1),
        c: new (class Secret {})(),
        d: new AbortController().signal,
        e: (function* () {})(),
      },
      '{"a":"[WeakMap]","b":"[Promise]","c":"[Secret]","d":"[AbortSignal]","e":"[Generator]"}',
    ],
    [
      'an object of another realm',
      runInNewContext('({ a: new Map([["b", 1]]), c: new Error("no") })'),
      '{"a":{"b":1},"c":{"name":"Error","message":"no"}}',
    ],
    [
      'an Error with its code, its causes and its errors',
      new AggregateError(
        [new Error('one'), Object.assign(new Error('two', { cause: 'why' }), { code: 'ECONNREFUSED' })],
        'both failed',
        { cause: new Error('below', { cause: new Error('at the bottom') }) },
      ),
      '{"name":"AggregateError","message":"both failed","cause":{"name":"Error","message":"below","cause":{"name":"Error","message":"at the bottom"}},"errors":[{"name":"Error","message":"one"},{"name":"Error","message":"two","code":"ECONNREFUSED","cause":"why"}]}',
    ],
    ['an Error that caused itself', selfCaused(), '{"name":"Error","message":"no","cause":"[circular]"}'],
    ['a symbol as key', { [Symbol('x')]: 1, a: 1 }, '{"a":1}'],
    [
      'boxed values',
      { a: Object('text'), b: Object(1), c: Object(true), d: Object(10n) },
      '{"a":"text","b":1,"c":true,"d":"10"}',
    ],
    [
      'typed arrays',
      { a: new Uint8Array(3), b: new Float64Array(2), c: new DataView(new ArrayBuffer(4)) },
      '{"a":"[3 bytes]","b":"[16 bytes]","c":"[4 bytes]"}',
    ],
    ['a Buffer', { a: Buffer.from('text') }, '{"a":"[4 bytes]"}'],
    ['an ArrayBuffer', { a: new ArrayBuffer(5) }, '{"a":"[5 bytes]"}'],
    ['no prototype', Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
    ['toJSON', { a: { toJSON: () => ({ b: 1 }) } }, '{"a":{"b":1}}'],
    ['a key like the prototype’s', JSON.parse('{"__proto__":{"a":1},"b":2}'), '{"__proto__":{"a":1},"b":2}'],
    ['a toJSON that throws', { a: { toJSON: thrower }, b: 1 }, '{"a":"[unreadable]","b":1}'],
    [
      'a getter that throws',
      Object.defineProperty({ b: 1 }, 'a', { enumerable: true, get: thrower }),
      '{"b":1,"a":"[unreadable]"}',
    ],
    ['a proxy that throws', { a: new Proxy({}, { ownKeys: thrower }), b: 1 }, '{"a":"[unreadable]","b":1}'],
    [
      'a Map whose entries cannot be listed',
      { a: Object.assign(new Map(), { [Symbol.iterator]: thrower }), b: 1 },
      '{"a":"[unreadable]","b":1}',
    ],
  ])('becomes JSON: %s', (_, given, json) => {
    expect(summary(given)).toBe(json);
  });

  it('of a hundred levels is written down to some depth', () => {
    let deep: unknown = 'bottom';
    for (let level = 0; level < 100; level++) deep = { deep };
    expect(summary(deep)).toMatch(/^(\{"deep":){10,}"\[…\]"\}+$/);
  });

  it('longer than the limit is cut with a mark', () => {
    const cut = summary({ list: Array.from({ length: 900 }, (_, index) => `number ${index}`) });
    expect(cut).toMatch(/^\{"list":\["number 0",.*… \[cut, \d+ bytes\]$/);
    expect(bytes(cut)).toBeLessThanOrEqual(2_000);
  });

  it.each<[string, number, (size: number) => unknown]>([
    ['an array of a million numbers', 1_000_000, (size) => Array.from({ length: size }, (_, index) => index)],
    ['an array of a billion holes', 1_000_000_000, (size) => new Array(size)],
    [
      'an object of 100,000 keys',
      100_000,
      (size) => Object.fromEntries(Array.from({ length: size }, (_, index) => [`k${index}`, index])),
    ],
    [
      'a Map of 300,000 entries',
      300_000,
      (size) => new Map(Array.from({ length: size }, (_, index) => [`k${index}`, index])),
    ],
    ['a Set of a million numbers', 1_000_000, (size) => new Set(Array.from({ length: size }, (_, index) => index))],
    ['a text of 20 MB', 1_700_000, (size) => 'lorem ipsum '.repeat(size)],
    [
      'a conversation of 1,000 long messages',
      1_000,
      (size) => Array.from({ length: size }, () => ({ role: 'user', content: 'lorem ipsum '.repeat(4_000) })),
    ],
    ['a Buffer of 20 MB', 20_000_000, (size) => ({ file: Buffer.alloc(size) })],
    ['a typed array of 20 MB', 20_000_000, (size) => ({ file: new Uint8Array(size) })],
    [
      'a graph in which everything knows everything',
      200 ** 2,
      (size) => {
        const nodes: Record<string, unknown>[] = Array.from({ length: Math.sqrt(size) }, () => ({}));
        for (const node of nodes) for (const [index, other] of nodes.entries()) node[`n${index}`] = other;
        return nodes;
      },
    ],
    [
      'a list that never ends',
      4,
      () => ({ [Symbol.iterator]: () => ({ next: () => ({ done: false, value: 1 }) }), length: 5 }),
    ],
    [
      'a chain of 100,000 objects',
      100_000,
      (size) => {
        let chain: unknown = null;
        for (let link = 0; link < size; link++) chain = { chain };
        return chain;
      },
    ],
    ['a million letters from toJSON', 1_000_000, (size) => ({ toJSON: () => 'x'.repeat(size) })],
  ])('takes time in proportion to its size at most: %s', (_, size, make) => {
    const baton = new Baton({ agent: 'triage' });
    expectLinear(size / 4, make, (given) => baton.withRun({ inputSummary: given as object }, () => {}));
    for (const { attributes } of recording.spans()) {
      expect(bytes(String(attributes['baton.run.input_summary']))).toBeLessThanOrEqual(2_000);
    }
  });
});

describe('metadata', () => {
  it.each<[string, unknown, unknown]>([
    ['a text', 'text', 'text'],
    ['an empty text', '', ''],
    ['a number', 1.5, 1.5],
    ['zero', 0, 0],
    ['minus zero', -0, -0],
    ['the largest safe integer', Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    ['true', true, true],
    ['an object', { a: 1 }, '{"a":1}'],
    ['an array', [1, 'a'], '[1,"a"]'],
    ['a Date', new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ['undefined', undefined, undefined],
    ['null', null, undefined],
    ['a function', () => 1, undefined],
  ])('is written as it is or as JSON: %s', (_, given, written) => {
    expect(entry(given)).toBe(written);
  });

  it.each<[string, unknown, RegExp]>([
    ['a bigint', 2n ** 70n, /^"?1180591620717411303424"?$/],
    ['NaN', Number.NaN, /^"?NaN"?$/],
    ['infinity', Number.POSITIVE_INFINITY, /^"?Infinity"?$/],
    ['an integer that no receiver reads', 2 ** 60, /^"?11529215046068\d{5}"?$/],
  ])('that OTLP has no number for becomes a text: %s', (_, given, written) => {
    expect(entry(given)).toMatch(written);
  });

  it('is at most 32 entries, the first ones, and the rest is counted', () => {
    const metadata = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`key${index}`, index]));
    new Baton({ agent: 'triage' }).withRun({ metadata }, () => {});
    const attributes = recording.spans()[0]?.attributes ?? {};
    const names = Object.keys(attributes).filter((name) => name.startsWith('baton.metadata.'));
    expect(names).toEqual(Array.from({ length: 32 }, (_, index) => `baton.metadata.key${index}`));
    expect(attributes['baton.metadata_dropped']).toBe(8);
  });

  it('of exactly 32 entries drops none', () => {
    const metadata = Object.fromEntries(Array.from({ length: 32 }, (_, index) => [`key${index}`, index]));
    new Baton({ agent: 'triage' }).withRun({ metadata }, () => {});
    expect(recording.spans()[0]?.attributes).not.toHaveProperty(['baton.metadata_dropped']);
  });

  it('that cannot be read is counted, and the rest is written', () => {
    const metadata = Object.defineProperty({ a: 1 }, 'b', { enumerable: true, get: thrower });
    new Baton({ agent: 'triage' }).withRun({ metadata }, () => {});
    expect(recording.spans()[0]?.attributes).toMatchObject({ 'baton.metadata.a': 1, 'baton.metadata_dropped': 1 });
  });

  it('that cannot even be listed costs no span', () => {
    const metadata = new Proxy({}, { ownKeys: thrower });
    expect(new Baton({ agent: 'triage' }).withRun({ metadata }, () => 'result')).toBe('result');
    expect(recording.names()).toEqual(['invoke_agent triage']);
  });

  it('takes time in proportion to the number of its entries at most', () => {
    const baton = new Baton({ agent: 'triage' });
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`key${index}`, index]));
    expectLinear(25_000, many, (metadata) => baton.withRun({ metadata }, () => {}));
    expect(recording.spans().at(-1)?.attributes['baton.metadata_dropped']).toBe(99_968);
  });
});

function formOf(entries: readonly (readonly [string, string | Blob])[]): FormData {
  const form = new FormData();
  for (const [name, value] of entries) form.append(name, value as string);
  return form;
}

function selfCaused(): Error {
  const error = new Error('no');
  error.cause = error;
  return error;
}

function thrower(): never {
  throw new Error('refused');
}
