import type { SpanProcessor } from '@opentelemetry/sdk-trace-base';

/** A processor is called for each span, and does nothing with it. */
export const discard: SpanProcessor = {
  onStart() {},
  onEnd() {},
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
};
