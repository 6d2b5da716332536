import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, type Sampler } from '@opentelemetry/sdk-trace-base';

/** Spans that are counted, and not kept. */
export interface Counted {
  readonly provider: BasicTracerProvider;
  started: number;
  ended: number;
}

/** OpenTelemetry for a process of its own, in which only the number of spans matters. */
export function setUpCounted(sampler?: Sampler): Counted {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const processor = {
    onStart: () => void counted.started++,
    onEnd: () => void counted.ended++,
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  const provider = new BasicTracerProvider({ spanProcessors: [processor], ...(sampler ? { sampler } : {}) });
  const counted: Counted = { provider, started: 0, ended: 0 };
  return counted;
}
