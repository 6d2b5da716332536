import { asyncBody, syncBody } from './bodies.ts';
import { type Kind, type World, work } from './kind.ts';
import { LAZY, pulled } from './sources.ts';
import { thenable } from './thenables.ts';

/** Writes down each trap that is asked of it. */
function watched(world: World, target: object): object {
  type Trap = (...given: unknown[]) => unknown;
  const said = new Set(['get', 'set', 'apply']);
  return new Proxy(
    target,
    new Proxy(
      {},
      {
        get:
          (_, trap: string): Trap =>
          (...given) => {
            const name = typeof given[1] === 'object' ? '' : String(given[1]);
            // What Node keeps its own state under, its own methods ask for.
            if (said.has(trap) && !/^Symbol\((k[A-Z]|nodejs)/.test(name)) world.journal.say(`trap ${trap} ${name}`);
            return (Reflect as unknown as Record<string, Trap>)[trap]?.(...given);
          },
      },
    ),
  );
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
