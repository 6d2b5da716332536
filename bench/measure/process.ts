/**
 * Measurements in a process of their own: `process.ts <full|quick> <question> <check|time|heap> …`. The answers go over
 * IPC, one message each.
 */
import { workDone } from '../pipeline/work.ts';
import { QUESTIONS } from '../questions.ts';
import { measureHeap } from './heap.ts';
import { FULL, type Measured, QUICK, type Question, type Sides } from './question.ts';
import { measureTime } from './time.ts';

const [thoroughness, name, ...tasks] = process.argv.slice(2);
const question = QUESTIONS.find((candidate) => candidate.name === name);
if (!question) throw new Error(`no question is called ${name}`);
const effort = thoroughness === 'quick' ? QUICK : FULL;

try {
  if (tasks.includes('check')) await question.check?.();
  else await measure(question);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
process.disconnect?.();

async function measure({ prepare, batch, rounds = effort.timeRounds }: Question): Promise<void> {
  const sides = await prepare();
  const timeEffort = { ...effort, timeRounds: Math.min(rounds, effort.timeRounds) };
  await checkSameWork(sides);
  if (tasks.includes('time')) tell({ measure: 'time', rounds: await measureTime(sides, timeEffort, batch) });
  if (tasks.includes('heap')) tell({ measure: 'heap', rounds: await measureHeap(sides, effort) });
}

function tell(measured: Measured): void {
  process.send?.(measured);
}

/** Whatever Baton records or not: the agents do their work, each piece once. */
async function checkSameWork({ baton, other }: Sides): Promise<void> {
  const before = workDone();
  await baton();
  const between = workDone();
  await other();
  if (between - before !== workDone() - between) throw new Error('the two sides do not do the same work');
}
