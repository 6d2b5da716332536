/**
 * Imported by every example for its effect: the OpenTelemetry set-up that an app brings along, and at the end of the
 * program the replay of what it recorded.
 *
 * Where a provider is registered already (`node --import ./telemetry.js …`), the spans go there and nothing is printed.
 * With `OTEL_EXPORTER_OTLP_ENDPOINT` they also go out over OTLP/HTTP, under the example's name as service.
 */
import { basename } from 'node:path';
import { context, DiagConsoleLogger, DiagLogLevel, diag, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { buildTimelines, readFinishedSpans, renderText } from 'otel-baton/replay';

const endpoint = process.env.OTEL_EXPORTER_OTLP_ENDPOINT;
const serviceName = process.env.OTEL_SERVICE_NAME ?? basename(process.argv[1] ?? 'example', '.ts');

const memory = new InMemorySpanExporter();
const spanProcessors: SpanProcessor[] = [new SimpleSpanProcessor(memory)];
if (endpoint) spanProcessors.push(new BatchSpanProcessor(new OTLPTraceExporter()));
const provider = new BasicTracerProvider({
  resource: defaultResource().merge(resourceFromAttributes({ 'service.name': serviceName })),
  spanProcessors,
});

if (trace.setGlobalTracerProvider(provider)) {
  diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.WARN);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  if (endpoint) console.log(`spans also go to ${endpoint}, as service ${serviceName}`);
  process.once('beforeExit', () => {
    printReplay();
    void provider.shutdown();
  });
}

function printReplay(): void {
  const { isTTY, columns = 100 } = process.stdout;
  const options = { width: Math.min(columns, 120), color: isTTY && !process.env.NO_COLOR };
  const timelines = buildTimelines(readFinishedSpans(memory.getFinishedSpans()));
  for (const timeline of timelines) console.log(`\n${renderText(timeline, options)}`);
}
