/**
 * An approval that takes a night. The first process asks, writes down where it stopped, and ends; the second one, started
 * when somebody has decided, goes on with the same session. Nothing of Baton is open in between.
 *
 * Look at: one session with two parts; the approval, asked for in one and decided in the other, with the whole wait.
 *
 *     npx tsx examples/across/overnight.ts
 */
import { tellReplay } from './support/programs.ts';

await tellReplay(async (start) => {
  const evening = start('overnight/evening.ts');
  const ticket = await evening.firstLine;
  await evening.ended();
  await start('overnight/morning.ts', { TICKET: ticket }).ended();
});
