import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

/** The programs that the tests start, by the names that their files may have. */
const NAMES = {
  jaeger: ['jaeger'],
  tempo: ['tempo'],
  collector: ['otelcol', 'otelcol-contrib'],
  prometheus: ['prometheus'],
  chromium: ['chromium', 'chromium-browser', 'google-chrome'],
} as const;

export type Backend = keyof typeof NAMES;

/** Path of a program: from BATON_BACKENDS, else from the PATH, else from the cache folder. */
export function findBinary(backend: Backend): string | undefined {
  const { BATON_BACKENDS, PATH = '', XDG_CACHE_HOME } = process.env;
  const cache = join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'baton-backends');
  const path = PATH.split(delimiter);
  // Systems bring these two themselves.
  const fromSystem = backend === 'prometheus' || backend === 'chromium';
  const folders = BATON_BACKENDS ? [BATON_BACKENDS, ...(fromSystem ? path : [])] : [...path, cache];
  return folders
    .flatMap((folder) => NAMES[backend].map((name) => resolve(folder, name)))
    .find((path) => isExecutable(path));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
