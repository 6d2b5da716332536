import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';

/**
 * The folder with OpenTelemetry's `weaver` and the conventions `semconv-1.41/` that it checks against: BATON_BACKENDS, else
 * where the `weaver` on the PATH lies, else the cache folder. Undefined when there is none.
 */
export function findWeaver() {
  const { BATON_BACKENDS, PATH = '', XDG_CACHE_HOME } = process.env;
  if (BATON_BACKENDS) return isComplete(BATON_BACKENDS) ? resolve(BATON_BACKENDS) : undefined;
  const onPath = PATH.split(delimiter)
    .map((folder) => join(folder, 'weaver'))
    .find(existsSync);
  const cache = join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'baton-backends');
  return [onPath && dirname(realpathSync(onPath)), cache].find((folder) => folder && isComplete(folder));
}

function isComplete(folder) {
  try {
    accessSync(join(folder, 'weaver'), constants.X_OK);
    return existsSync(join(folder, 'semconv-1.41/model'));
  } catch {
    return false;
  }
}
