/**
 * What Baton costs: `npm run bench`, or `npm run bench -- [--quick] [question …]`.
 *
 * Only the ratios travel from one machine to another. `--quick` proves in a few seconds that everything runs; its
 * numbers say little. Exits with 1 when the two sides of a comparison do not do the same, whatever the ratios are.
 */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { HEAP_FLAGS } from './measure/heap.ts';
import type { Measured, Question } from './measure/question.ts';
import { type Answer, table } from './measure/table.ts';
import { QUESTIONS } from './questions.ts';

const given = process.argv.slice(2);
const names = given.filter((argument) => argument !== '--quick');
const thoroughness = given.includes('--quick') ? 'quick' : 'full';
const unknown = names.find((name) => !QUESTIONS.some((question) => question.name === name));
if (unknown !== undefined) {
  console.error(`no question is called ${unknown}; there are ${QUESTIONS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
const asked = QUESTIONS.filter(({ name }) => names.length === 0 || names.includes(name));

try {
  for (const question of asked) if (question.check) await inOwnProcess(question, ['check']);
  const answers: Answer[] = [];
  for (const question of asked) {
    // A large young generation would flatter the time, so that the heap has its own process, unless there is a hurry.
    for (const tasks of thoroughness === 'quick' ? [['time', 'heap']] : [['time'], ['heap']]) {
      const measured = await inOwnProcess(question, tasks);
      answers.push(...measured.map((each) => ({ question, ...each })));
    }
  }
  console.log(table(answers));
  console.log(`\nNode ${process.version}, ${availableParallelism()} CPUs, ${new Date().toISOString().slice(0, 10)}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** One after the other, so that they do not disturb each other; a process each, because providers are global. */
function inOwnProcess(question: Question, tasks: readonly string[]): Promise<Measured[]> {
  const execArgv = [...process.execArgv, ...(tasks.includes('heap') ? HEAP_FLAGS : [])];
  const program = new URL('./measure/process.ts', import.meta.url);
  return new Promise((resolve, reject) => {
    const measured: Measured[] = [];
    const child = fork(program, [thoroughness, question.name, ...tasks], { execArgv });
    child.on('message', (message) => measured.push(message as Measured));
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0) resolve(measured);
      else reject(new Error(`${question.name}: ${tasks.join(' and ')} failed`));
    });
  });
}
