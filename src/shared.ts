import { VERSION } from './version.ts';

/**
 * State that the ESM and the CommonJS copy of the package share in one process: one object per name under a symbol on
 * `globalThis`. The symbol bears the version, so that two versions side by side never meet each other's objects.
 */
export function shared<T extends object>(name: string, make: () => T): T {
  return keptUnder(Symbol.for(`otel-baton@${VERSION}`), name, make);
}

/**
 * State that all versions of the package share in one process: numbers and texts alone, which all of them read and write in the
 * same way. What needs another shape, or another way, gets another name.
 */
export function sharedByAll<T extends object>(name: string, make: () => T): T {
  return keptUnder(Symbol.for('otel-baton'), name, make);
}

function keptUnder<T extends object>(symbol: symbol, name: string, make: () => T): T {
  const holder = globalThis as { [symbol: symbol]: Record<string, object> | undefined };
  const kept = holder[symbol] ?? {};
  holder[symbol] = kept;
  kept[name] ??= make();
  return kept[name] as T;
}
