/** The bodies of generators, of this realm and of another one. */
import vm from 'node:vm';
import { fault, inside, rest, type Script, type World } from './kind.ts';

export function* syncBody(world: World, script: Script): Generator<unknown, unknown, unknown> {
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

export async function* asyncBody(world: World, script: Script): AsyncGenerator<unknown, unknown, unknown> {
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
export const elsewhere = vm.runInNewContext(`({
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
