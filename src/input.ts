/** What an app gave as options, read once: from here on nothing of it can throw at its top, or change. */
export interface Given<Input> {
  readonly input: Input;
  /** Names of the fields that could not be read: they count as not given. */
  readonly unreadable: readonly string[];
}

const NONE: readonly string[] = [];

/** The fields of the app's options. Those of a class count with its getters. */
export function readOnce<Input extends object>(input: Input): Given<Input> {
  try {
    if (Object.getPrototypeOf(input) === Object.prototype) return { input: { ...input }, unreadable: NONE };
  } catch {
    // One of the fields throws: which one, the next lines find out.
  }
  return readEach(input, 0);
}

/** The same with what is inside of plain objects, for fields that throw only when somebody looks into them. */
export function readDeeply<Input extends object>(input: Input): Given<Input> {
  return readEach(input, 2);
}

function readEach<Input extends object>(input: Input, depth: number): Given<Input> {
  const copy: Record<string, unknown> = {};
  const unreadable: string[] = [];
  for (const name of namesOf(input)) {
    try {
      const value = (input as Record<string, unknown>)[name];
      if (depth > 0 && isPlain(value)) {
        const inner = readEach(value, depth - 1);
        copy[name] = inner.input;
        unreadable.push(...inner.unreadable.map((each) => `${name}.${each}`));
      } else copy[name] = value;
    } catch {
      unreadable.push(name);
    }
  }
  return { input: copy as Input, unreadable };
}

/** What is no plain object (a Map, an error, an array) is read by whoever knows its kind. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function namesOf(input: object): ReadonlySet<string> {
  const names = new Set<string>();
  try {
    for (
      let holder: object | null = input;
      holder && holder !== Object.prototype;
      holder = Object.getPrototypeOf(holder)
    ) {
      for (const name of Object.getOwnPropertyNames(holder)) if (name !== 'constructor') names.add(name);
      if (names.size > MAX_NAMES) break;
    }
  } catch {
    // A proxy that does not say what it has: what it said so far counts.
  }
  return names;
}

/** No options have so many fields; a proxy may pretend to. */
const MAX_NAMES = 1_000;
