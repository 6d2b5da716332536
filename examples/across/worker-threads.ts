/**
 * A handoff to a worker thread. A thread shares no memory with who starts it, so it has an OpenTelemetry of its own, and the
 * carrier travels in `workerData` (or in a message of `postMessage`).
 *
 * Look at: the thread of the translation agent inside the run that asked for it, and where the work goes back.
 *
 *     npx tsx examples/across/worker-threads.ts
 */
import { tellReplay } from './support/programs.ts';

await tellReplay((start) => start('worker-threads/support.ts').ended());
