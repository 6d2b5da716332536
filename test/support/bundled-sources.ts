import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from '@jest/globals';
import { buildSync } from 'esbuild';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ENTRIES = [
  new URL('../../src/index.ts', import.meta.url),
  new URL('../../src/sdk.ts', import.meta.url),
  new URL('../../src/register.ts', import.meta.url),
  new URL('../../src/cli/main.ts', import.meta.url),
];

let folder: string | undefined;

afterAll(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

/**
 * The path of a file of `src` for a process of its own: bundled once for each test file, because a process that transpiles the
 * sources takes four times as long to start.
 *
 * @param name - `sdk.ts`, `cli/main.ts`
 */
export function bundledSource(name: string): string {
  folder ??= bundle();
  return join(folder, name.replace(/\.ts$/, '.js'));
}

function bundle(): string {
  // Inside the project, so that it finds the packages that are installed there.
  const cache = join(ROOT, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const outdir = mkdtempSync(join(cache, 'otel-baton-'));
  buildSync({
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    splitting: true,
    logLevel: 'error',
    entryPoints: ENTRIES.map((entry) => fileURLToPath(entry)),
    outbase: join(ROOT, 'src'),
    outdir,
  });
  return outdir;
}
