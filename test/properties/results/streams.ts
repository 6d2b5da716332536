import { Readable } from 'node:stream';
import { asyncBody } from './bodies.ts';
import { fault, type Kind, locked } from './kind.ts';
import { bytes, LAZY, pulled, readable } from './sources.ts';

class OwnStream extends ReadableStream<unknown> {
  extra(): string {
    return 'mine';
  }
}

/** Web streams, responses and streams of Node. */
export const STREAMS: Readonly<Record<string, Kind>> = {
  'web stream': {
    family: 'web stream',
    make: (world, script) => locked(new ReadableStream(pulled(world, script), LAZY), script),
  },
  'web stream of bytes': { family: 'web stream', make: (world, script) => new ReadableStream(bytes(world, script)) },
  'web stream of a class of its own': {
    family: 'web stream',
    make: (world, script) => new OwnStream(pulled(world, script), LAZY),
  },
  'web stream that is full': {
    family: 'web stream',
    make: (_world, script) =>
      new ReadableStream({
        start(controller) {
          for (let item = 0; item < script.items; item++) controller.enqueue(item);
          controller.close();
        },
      }),
  },
  'errored web stream': {
    family: 'web stream',
    make: (world, script) => new ReadableStream({ start: (controller) => controller.error(fault(world, script)) }),
  },
  'piped web stream': {
    family: 'web stream',
    make: (world, script) => new ReadableStream(pulled(world, script), LAZY).pipeThrough(new TransformStream()),
  },
  response: {
    family: 'response',
    make: (world, script) => new Response(new ReadableStream(bytes(world, script), LAZY) as never),
  },
  'response with a text': { family: 'response', make: () => new Response('text') },
  'response without a body': { family: 'response', make: () => new Response(null) },
  'node stream': { family: 'node stream', make: (world, script) => readable(world, script) },
  'node stream of bytes': { family: 'node stream', make: (world, script) => readable(world, script, false) },
  'node stream from a generator': {
    family: 'node stream',
    make: (world, script) => Readable.from(asyncBody(world, script)),
  },
  'destroyed node stream': { family: 'node stream', make: (world, script) => readable(world, script).destroy() },
  'paused node stream': { family: 'node stream', make: (world, script) => readable(world, script).pause() },
};
