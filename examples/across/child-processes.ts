/**
 * A handoff to a child process. The carrier travels in the first message. Without messages, use an environment variable:
 * `env: { ...process.env, HANDOFF: JSON.stringify(handoff.carrier()) }`.
 *
 * Look at: the review agent rejects the handoff. This is a decision, not an error. The sender gets the answer and goes on.
 *
 *     npx tsx examples/across/child-processes.ts
 */
import { printReplay } from './support/programs.ts';

await printReplay((start) => start('child-processes/author.ts').ended());
