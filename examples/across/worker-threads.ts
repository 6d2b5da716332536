/**
 * A handoff to a worker thread. A worker thread does not share objects with the thread that starts it. So it sets up its own
 * OpenTelemetry, and the carrier travels in `workerData` (or in a message of `postMessage`).
 *
 * Look at: the run of the translation agent inside the run that asked for it; the answer that returns the work.
 *
 *     npx tsx examples/across/worker-threads.ts
 */
import { printReplay } from './support/programs.ts';

await printReplay((start) => start('worker-threads/support.ts').ended());
