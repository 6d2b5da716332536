import { asyncBody, syncBody } from './bodies.ts';
import { type Kind, type World, work } from './kind.ts';
import { LAZY, pulled } from './sources.ts';
import { thenable } from './thenables.ts';

/** Writes down each trap that is asked of it. */
function watched(world: World, target: object): object {
  const saying = {
    get:
      (_: unknown, trap: string) =>
      (...given: unknown[]) => {
        if (trap === 'get' || trap === 'set' || trap === 'apply') {
          world.journal.say(`trap ${trap} ${String(typeof given[1] === 'object' ? '' : (given[1] as string))}`);
        }
        return (Reflect as unknown as Record<string, (...given: unknown[]) => unknown>)[trap]?.(...given);
      },
  };
  return new Proxy(target, new Proxy({}, saying));
}

/** What nobody may look into. */
export const PROXIES: Readonly<Record<string, Kind>> = {
  'watched proxy': { family: 'value', opaque: true, counts: true, make: (world) => watched(world, { a: 1 }) },
  'watched proxy of a function': {
    family: 'value',
    opaque: true,
    counts: true,
    make: (world) => watched(world, () => 1),
  },
  'watched proxy of an array': { family: 'value', opaque: true, counts: true, make: (world) => watched(world, [1]) },
  'watched proxy of a promise-like': {
    family: 'promise-like',
    opaque: true,
    counts: true,
    make: (world, script) =>
      watched(
        world,
        thenable(world, (onValue, onError) => work(world, script).then(onValue, onError)),
      ),
  },
  'watched proxy of an async iterable': {
    family: 'async iterable',
    opaque: true,
    counts: true,
    make: (world, script) => watched(world, { [Symbol.asyncIterator]: () => asyncBody(world, script) }),
  },
  'watched proxy of a generator': {
    family: 'value',
    opaque: true,
    counts: true,
    make: (world, script) => watched(world, syncBody(world, script)),
  },
  'watched proxy of a promise': {
    family: 'promise-like',
    opaque: true,
    counts: true,
    make: (world) => watched(world, new Promise(() => {})),
  },
  'watched proxy of a web stream': {
    family: 'value',
    opaque: true,
    counts: true,
    make: (world, script) => watched(world, new ReadableStream(pulled(world, script), LAZY)),
  },
  'hostile proxy': {
    family: 'value',
    opaque: true,
    counts: true,
    make: (world) =>
      new Proxy(
        {},
        new Proxy(
          {},
          {
            get: (_, trap) => {
              throw world.journal.name(new Error(`${String(trap)} was asked`), 'hostile');
            },
          },
        ),
      ),
  },
  'revoked proxy': {
    family: 'value',
    opaque: true,
    counts: true,
    make: () => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    },
  },
};
