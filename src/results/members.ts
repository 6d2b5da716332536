/** A member of an object as it is found without asking a getter, or undefined. Proxies are asked by no `get`. */
export function member(object: object, name: string | symbol): PropertyDescriptor | undefined {
  return lookUp(object, name).found;
}

/** A member, and how far up the chain of prototypes it was found: 0 for one of the object's own. */
export function lookUp(
  object: object,
  name: string | symbol,
): { found: PropertyDescriptor | undefined; depth: number } {
  let holder: object | null = object;
  let depth = 0;
  // Longer chains of prototypes nobody writes; a proxy may have an endless one.
  for (; holder !== null && depth < 100; depth++) {
    const found = Object.getOwnPropertyDescriptor(holder, name);
    if (found) return { found, depth };
    holder = Object.getPrototypeOf(holder);
  }
  return { found: undefined, depth };
}

/** The method of that name, where it is a plain one and no getter. */
export function method(object: object, name: string | symbol): ((...given: unknown[]) => unknown) | undefined {
  const value: unknown = member(object, name)?.value;
  return typeof value === 'function' ? (value as () => unknown) : undefined;
}

/**
 * Lays an own member over what an object has, hidden where it had none of its own, and gives what takes it away again.
 * @throws TypeError for an object that cannot be changed
 */
export function overlay(object: object, name: string | symbol, given: { value: unknown } | Accessor): () => void {
  const before = Object.getOwnPropertyDescriptor(object, name);
  const enumerable = before?.enumerable ?? false;
  if ('value' in given) showAs(given.value, before?.value);
  Object.defineProperty(
    object,
    name,
    'value' in given
      ? { value: given.value, writable: true, enumerable, configurable: true }
      : ({ get: given.get, set: given.set, enumerable, configurable: true } as PropertyDescriptor),
  );
  return () => {
    try {
      const now = Object.getOwnPropertyDescriptor(object, name);
      // Somebody else may have laid theirs over ours meanwhile.
      if ('value' in given ? now?.value !== given.value : now?.get !== given.get) return;
      if (before) Object.defineProperty(object, name, before);
      else Reflect.deleteProperty(object, name);
    } catch {
      // It was frozen meanwhile: what lies there passes everything on.
    }
  };
}

/** Who prints the object sees the function that the app gave it. */
function showAs(ours: unknown, original: unknown): void {
  if (typeof ours !== 'function' || typeof original !== 'function') return;
  for (const detail of ['name', 'length']) {
    const shown = Object.getOwnPropertyDescriptor(original, detail);
    if (shown) Object.defineProperty(ours, detail, shown);
  }
}

interface Accessor {
  get(): unknown;
  set: ((value: unknown) => void) | undefined;
}
