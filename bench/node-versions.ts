import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BENCH = fileURLToPath(new URL('./main.ts', import.meta.url));

/** The same questions on other versions of Node, one after the other; tells whether all of them could be asked. */
export function onVersions(versions: readonly string[], args: readonly string[]): boolean {
  return versions.every((version) => {
    const { status } = spawnSync(binaryOf(version), ['--import', 'tsx', BENCH, ...args], { stdio: 'inherit' });
    console.log();
    return status === 0;
  });
}

/** This Node where it is of that version, else the one in the npm package `node`, kept for the next time. */
function binaryOf(version: string): string {
  if (!/^\d+(\.\d+){0,2}$/.test(version))
    throw new Error(`--node: expected versions such as 20,22,24, got "${version}"`);
  if (`${process.versions.node}.`.startsWith(`${version}.`)) return process.execPath;
  const folder = join(tmpdir(), `otel-baton-bench-node-${version}`);
  mkdirSync(folder, { recursive: true });
  execFileSync('npm', ['install', '--no-save', '--prefix', folder, `node@${version}`], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return join(folder, 'node_modules', 'node', 'bin', 'node');
}
