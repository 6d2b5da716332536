/**
 * `otel-baton/export`: wrappers for your own exporters, a span processor and a sampler. Their types are structural: they fit
 * the SDK lines 2.x and 3.x, and import neither.
 *
 * @packageDocumentation
 */
export type { RedactionOptions } from './content/redact.ts';
export { agentServices } from './export/agent-services.ts';
export type { ExportableResource, ExportableSpan, Exporter } from './export/exporter.ts';
export type { StartingSpan } from './export/foreign-handoffs.ts';
export { onlyPipelines, type PipelineExporter } from './export/only-pipelines.ts';
export { redactSpans } from './export/redact-spans.ts';
export {
  type SamplingDecision,
  type SessionSampler,
  type SessionSamplerOptions,
  sessionSampler,
} from './export/session-sampler.ts';
export { type PipelineSpanProcessor, type PipelineSpansOptions, pipelineSpans } from './export/span-processor.ts';
