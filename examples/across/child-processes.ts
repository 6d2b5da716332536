/**
 * A handoff to a child process. The carrier travels in the first message; where there are no messages, in a variable of the
 * environment: `env: { ...process.env, HANDOFF: JSON.stringify(handoff.carrier()) }`.
 *
 * Look at: the review agent says no. That is a decision and no error; the sender hears of it and goes on by itself.
 *
 *     npx tsx examples/across/child-processes.ts
 */
import { tellReplay } from './support/programs.ts';

await tellReplay((start) => start('child-processes/author.ts').ended());
