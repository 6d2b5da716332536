/**
 * `otel-baton/export`: span exporters to put around your own. Structural: they fit the SDK lines 2.x and 3.x.
 *
 * @packageDocumentation
 */
export { agentServices } from './export/agent-services.ts';
export type { ExportableResource, ExportableSpan, Exporter } from './export/exporter.ts';
