/** Streams that give their chunks one by one, each when it is asked for. */
import { Readable } from 'node:stream';
import { fault, rest, type Script, type World } from './kind.ts';

type WebSource = NonNullable<ConstructorParameters<typeof ReadableStream<unknown>>[0]>;

/** Gives its chunks one by one, each when it is asked for. */
export function pulled(world: World, script: Script): WebSource {
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

export function bytes(world: World, script: Script): WebSource {
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

export const LAZY = { highWaterMark: 0 };

export function readable(world: World, script: Script, objectMode = true): Readable {
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
