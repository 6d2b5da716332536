import { EventEmitter } from 'node:events';
import { Duplex, PassThrough, Transform, Writable } from 'node:stream';
import { elsewhere, syncBody } from './bodies.ts';
import type { Kind } from './kind.ts';

const frozenOne = Object.freeze({ a: 1 });

/** What must end at once and be left alone. */
export const VALUES: Readonly<Record<string, Kind>> = {
  undefined: { family: 'value', make: () => undefined },
  false: { family: 'value', make: () => false },
  number: { family: 'value', make: () => 42 },
  string: { family: 'value', make: () => 'text' },
  symbol: { family: 'value', make: () => Symbol.for('x') },
  bigint: { family: 'value', make: () => 10n },
  function: { family: 'value', make: () => () => 1 },
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
  'array of another realm': { family: 'value', make: () => elsewhere.array },
  'map of another realm': { family: 'value', make: () => elsewhere.map },
  'error of another realm': { family: 'value', make: () => elsewhere.error },
  'object of another realm': { family: 'value', make: () => elsewhere.object },
};
