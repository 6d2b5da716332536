/**
 * The descriptor of a member, without calling a getter; `undefined` if there is none. Does not call the `get` trap of a
 * proxy.
 */
export function member(object: object, name: string | symbol): PropertyDescriptor | undefined {
  return lookUp(object, name).found;
}

/** A member's descriptor and its depth in the prototype chain: 0 for an own member. */
export function lookUp(
  object: object,
  name: string | symbol,
): { found: PropertyDescriptor | undefined; depth: number } {
  let holder: object | null = object;
  let depth = 0;
  // No code has longer prototype chains, but that of a proxy may be endless.
  for (; holder !== null && depth < 100; depth++) {
    const found = Object.getOwnPropertyDescriptor(holder, name);
    if (found) return { found, depth };
    holder = Object.getPrototypeOf(holder);
  }
  return { found: undefined, depth };
}

/** The method of that name; `undefined` for a getter. */
export function method(object: object, name: string | symbol): ((...given: unknown[]) => unknown) | undefined {
  const value: unknown = member(object, name)?.value;
  return typeof value === 'function' ? (value as () => unknown) : undefined;
}

/**
 * Defines an own member over an existing one (not enumerable if there was no own one), and returns a function that
 * restores the object.
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
      // Other code may have replaced Baton's member meanwhile.
      if ('value' in given ? now?.value !== given.value : now?.get !== given.get) return;
      if (before) Object.defineProperty(object, name, before);
      else Reflect.deleteProperty(object, name);
    } catch {
      // The object was frozen meanwhile. The member stays and passes every call on.
    }
  };
}

/** When the object is printed, the app's own function appears. */
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
