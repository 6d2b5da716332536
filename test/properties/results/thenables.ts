import { type Script, type World, work } from './kind.ts';

export type OnValue = ((value: unknown) => unknown) | null | undefined;

function sayThen(world: World, self: unknown, calls: IArguments): void {
  world.journal.say(`then of ${world.journal.show(self)}, ${calls.length > 2 ? calls.length : 'at most 2'} arguments`);
}

/** Does its work when it is awaited, each time. */
export class Lazy {
  readonly #world: World;
  readonly #script: Script;
  constructor(world: World, script: Script) {
    this.#world = world;
    this.#script = script;
  }
  // biome-ignore lint/suspicious/noThenProperty: that is what makes it one
  then(onValue?: OnValue, onError?: OnValue): Promise<unknown> {
    // biome-ignore lint/complexity/noArguments: their number counts
    sayThen(this.#world, this, arguments);
    return work(this.#world, this.#script).then(onValue, onError);
  }
}

export function thenable(
  world: World,
  then: (onValue: (value: unknown) => void, onError: (error: unknown) => void) => unknown,
) {
  return {
    label: 'thenable',
    // biome-ignore lint/suspicious/noThenProperty: that is what makes it one
    then(this: unknown, onValue: (value: unknown) => void, onError: (error: unknown) => void): unknown {
      // biome-ignore lint/complexity/noArguments: their number counts
      sayThen(world, this, arguments);
      return then(
        (value) => onValue?.(value),
        (error) => onError?.(error),
      );
    },
  };
}
