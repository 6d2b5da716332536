// Sinon's fake timers on the globals of a real process. `EARLY=1`: they are in place while Baton and the SDK are loaded.
import FakeTimers from '@sinonjs/fake-timers';
import { underFakeTimers } from './fake-timers.mjs';

const toFake = process.env.FAKED.split(',');
const now = process.env.NOW ? Number(process.env.NOW) : undefined;

let installed = process.env.EARLY ? FakeTimers.install({ now, toFake }) : undefined;
const { context, trace } = await import('@opentelemetry/api');
const { AsyncLocalStorageContextManager } = await import('@opentelemetry/context-async-hooks');
const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = await import(
  '@opentelemetry/sdk-trace-base'
);
const { Baton } = await import('../../../src/index.ts');
installed?.uninstall();

const memory = new InMemorySpanExporter();
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] }));
const clock = {
  fake: (how) => {
    installed = FakeTimers.install({ now: Date.now(), ...how });
  },
  advance: (ms) => installed.tickAsync(ms),
  set: (time) => installed.setSystemTime(time),
  real: () => installed.uninstall(),
};
const spans = () => memory.getFinishedSpans();
process.stdout.write(
  JSON.stringify(await underFakeTimers({ baton: new Baton({ agent: 'app' }), trace, spans, clock, toFake, now })),
);
