/** Plays so many programs around each kind of result, and writes a line of JSON for each: the kind, and what is wrong. */
import fc from 'fast-check';
import { KINDS } from './kinds.ts';
import { heard } from './player.ts';
import { faults } from './plays.ts';
import { programsOf } from './programs.ts';

for (const event of ['unhandledRejection', 'uncaughtException'] as const) {
  process.on(event, (error: unknown) => {
    heard.push(`${event} ${String(error)}`);
  });
}
process.removeAllListeners('warning');
process.on('warning', ({ name }) => {
  // Comes of `unhandledRejection`, which is compared.
  if (name !== 'PromiseRejectionHandledWarning') heard.push(`warning ${name}`);
});

const kinds = Object.keys(KINDS);
const numRuns = Math.ceil(Number(process.argv[2]) / kinds.length);
for (const kind of kinds) {
  const result = await fc.check(
    fc.asyncProperty(programsOf(kind), async (program) => {
      const found = await faults(program);
      if (found.length > 0) throw new Error(found.join('\n'));
    }),
    { numRuns },
  );
  const fault = result.failed ? `${fc.defaultReportMessage(result)}\n${String(result.errorInstance)}` : '';
  process.stdout.write(`${JSON.stringify({ kind, fault })}\n`);
}
