/**
 * `node --expose-gc process.ts <operations> <limit> <kind> …`: one kind after the other. Tells for each, as one line of JSON, what each
 * tenth cost: heap after collection in bytes, microseconds of processor time per operation. The limit is that of what may be
 * open; 0 leaves it as it is.
 */
import { setImmediate } from 'node:timers/promises';
import { registry } from '../../test/support/registry.ts';
import { inAnApp, KINDS } from './kinds.ts';

export interface Tenth {
  readonly heap: number;
  readonly micros: number;
}

/** What a process tells of one kind. */
export interface Soaked {
  readonly kind: string;
  readonly tenths: readonly Tenth[];
  readonly warnings: Readonly<Record<string, number>>;
}

const [operations = '', limit = '', ...kinds] = process.argv.slice(2);
const each = Math.ceil(Number(operations) / 10);
if (Number(limit) > 0) {
  const { open, droppedSessions, evicted } = registry;
  for (const bounded of [...Object.values(open), droppedSessions, evicted.runs]) bounded.limit = Number(limit);
}
for (const kind of kinds) console.log(JSON.stringify(await soaked(kind)));

async function soaked(kind: string): Promise<Soaked> {
  const prepare = KINDS[kind];
  if (!prepare) throw new Error(`nothing is called ${kind}; there are ${Object.keys(KINDS).join(', ')}`);
  const baton = inAnApp();
  const forget = prepare(baton);
  const tenths: Tenth[] = [];
  for (let tenth = 0; tenth < 10; tenth++) {
    const before = processorMicros();
    for (let number = tenth * each; number < (tenth + 1) * each; number++) {
      forget(number);
      // Whoever forgets things does not do so in one turn; some of what is let go waits for the next.
      if (number % 1_000 === 0) await setImmediate();
    }
    const micros = (processorMicros() - before) / each;
    tenths.push({ heap: await heapInUse(), micros });
  }
  await baton.shutdown();
  return { kind, tenths, warnings: baton.warnings() };
}

async function heapInUse(): Promise<number> {
  const { gc } = globalThis as { gc?: () => void };
  if (!gc) throw new Error('run node with --expose-gc');
  for (let time = 0; time < 3; time++) {
    gc();
    await setImmediate();
  }
  return process.memoryUsage().heapUsed;
}

/** Of all threads: what the garbage collector does beside the main one is part of the cost. */
function processorMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
