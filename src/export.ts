/**
 * `otel-baton/export`: the exporter plugin, to put around your own exporters and beside your own processors. Structural:
 * it fits the SDK lines 2.x and 3.x, and imports neither.
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
