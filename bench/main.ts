/**
 * What Baton costs: `npm run bench`, or `npm run bench -- [--quick] [--node 20,22,24] [question …]`. Some questions are asked
 * only by name: `runs`, `nested`, `nested-growth`, `at-once`, `many-open`.
 *
 * Two names ask something else. `soak`: whether it stays flat when an app forgets 200,000 of each thing. `wire`: how many bytes
 * a pipeline is, and what they are for.
 *
 * Only the ratios travel from one machine to another. `--quick` proves in a few seconds that everything runs; its
 * numbers say little. Exits with 1 when the two sides of a comparison do not do the same, whatever the ratios are.
 */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { HEAP_FLAGS } from './measure/heap.ts';
import type { Measure, Measured, Question } from './measure/question.ts';
import { type Answer, table } from './measure/table.ts';
import { onVersions } from './node-versions.ts';
import { QUESTIONS } from './questions.ts';
import { soakAll } from './soak/soak.ts';
import { tellWire } from './wire/wire.ts';

const { values, positionals: names } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean' }, node: { type: 'string' } },
});
const thoroughness = values.quick ? 'quick' : 'full';
if (values.node !== undefined) {
  const isRun = onVersions(values.node.split(','), [...(values.quick ? ['--quick'] : []), ...names]);
  process.exit(isRun ? 0 : 1);
}
if (names.includes('wire')) {
  await tellWire();
  process.exit(0);
}
if (names.includes('soak')) {
  const isFlat = await soakAll(
    thoroughness === 'quick' ? { operations: 20_000, limit: 1_000 } : { operations: 200_000 },
  );
  process.exit(isFlat ? 0 : 1);
}
const unknown = names.find((name) => !QUESTIONS.some((question) => question.name === name));
if (unknown !== undefined) {
  console.error(`no question is called ${unknown}; there are ${QUESTIONS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
const asked = QUESTIONS.filter(({ name, byName }) => (names.length === 0 ? !byName : names.includes(name)));

try {
  for (const question of asked) if (question.check) await inOwnProcess(question, ['check']);
  const answers = thoroughness === 'quick' ? await Promise.all(asked.map(quickly)) : await inTurn(asked);
  console.log(table(answers.flat()));
  const where = `Node ${process.version}, ${availableParallelism()} CPUs, ${new Date().toISOString().slice(0, 10)}`;
  console.log(`\n${where}${thoroughness === 'quick' ? '; quick: too short to say much' : ''}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** One after the other, so that they do not disturb each other. */
async function inTurn(questions: readonly Question[]): Promise<Answer[][]> {
  const answers: Answer[][] = [];
  for (const question of questions) {
    // A large young generation would flatter the time: the heap has a process of its own.
    for (const task of measuresOf(question)) answers.push(await inOwnProcess(question, [task]));
  }
  return answers;
}

function quickly(question: Question): Promise<Answer[]> {
  return inOwnProcess(question, measuresOf(question));
}

function measuresOf({ measures = ['time', 'heap'] }: Question): readonly Measure[] {
  return measures;
}

/** A process for each, because providers are global. */
function inOwnProcess(question: Question, tasks: readonly string[]): Promise<Answer[]> {
  const execArgv = [...process.execArgv, ...(tasks.includes('heap') ? HEAP_FLAGS : [])];
  const program = new URL('./measure/process.ts', import.meta.url);
  return new Promise((resolve, reject) => {
    const answers: Answer[] = [];
    const child = fork(program, [thoroughness, question.name, ...tasks], { execArgv });
    child.on('message', (message) => answers.push({ question, ...(message as Measured) }));
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0) resolve(answers);
      else reject(new Error(`${question.name}: ${tasks.join(' and ')} failed`));
    });
  });
}
