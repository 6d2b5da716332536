import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { KINDS } from './kinds.ts';
import type { Soaked, Tenth } from './process.ts';

const PROGRAM = fileURLToPath(new URL('./process.ts', import.meta.url));

/** How much the last tenth may cost more than the first: the first has what is not full yet, and a compiler that learns. */
const MOST_TIME = 2;
const MOST_HEAP = 1.25;

export interface SoakOptions {
  /** How many of each kind. */
  readonly operations: number;
  /** How many may be open of a kind; default as in an app. */
  readonly limit?: number;
}

export async function soak(kinds: readonly string[], { operations, limit = 0 }: SoakOptions): Promise<Soaked[]> {
  const program = ['--expose-gc', '--import', 'tsx', PROGRAM, `${operations}`, `${limit}`, ...kinds];
  const { stdout } = await promisify(execFile)(process.execPath, program);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** Soaks one kind after the other, prints a line for each, and tells whether all stayed flat. */
export async function soakAll(options: SoakOptions): Promise<boolean> {
  let isFlat = true;
  console.log(
    `${options.operations} of each: heap after collection and time per operation, the last tenth against the first`,
  );
  for (const kind of Object.keys(KINDS)) {
    const [{ tenths, warnings }] = (await soak([kind], options)) as [Soaked];
    const [first, last] = [tenths[0], tenths.at(-1)] as [Tenth, Tenth];
    const flat = last.heap < first.heap * MOST_HEAP && last.micros < first.micros * MOST_TIME;
    if (!flat) isFlat = false;
    const heap = `${megabytes(first.heap)} -> ${megabytes(last.heap)} MB`;
    const time = `${first.micros.toFixed(2)} -> ${last.micros.toFixed(2)} µs`;
    console.log(
      kind.padEnd(50),
      heap.padStart(18),
      time.padStart(20),
      flat ? ' flat ' : ' GROWS',
      warningsOf(warnings),
    );
  }
  return isFlat;
}

function warningsOf(warnings: Soaked['warnings']): string {
  return Object.entries(warnings)
    .map(([code, count]) => `${code} ${count}`)
    .join(', ');
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
