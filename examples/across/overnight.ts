/**
 * An approval that takes a night. The first process asks for it, saves two carriers, and ends. The second process starts
 * after the decision and continues the same session. Between them, Baton keeps nothing open.
 *
 * Look at: one session with two parts; the approval, requested in one part and decided in the other, with the whole wait.
 *
 *     npx tsx examples/across/overnight.ts
 */
import { printReplay } from './support/programs.ts';

await printReplay(async (start) => {
  const evening = start('overnight/evening.ts');
  const ticket = await evening.firstLine;
  await evening.ended();
  await start('overnight/morning.ts', { TICKET: ticket }).ended();
});
