/**
 * State that the ESM and the CommonJS copy of the package share in one process: one object per name under a symbol on
 * `globalThis`. The version is that of the shapes that are kept there.
 */
const SHARED = Symbol.for('otel-baton.shared.v1');

export function shared<T extends object>(name: string, make: () => T): T {
  const holder = globalThis as { [SHARED]?: Record<string, object> };
  holder[SHARED] ??= {};
  holder[SHARED][name] ??= make();
  return holder[SHARED][name] as T;
}
