/**
 * Every example imports this file for its side effects. It sets up OpenTelemetry, and prints the replay of the recorded
 * spans at the end of the program. An app sets up OpenTelemetry in its own way.
 *
 * With `OTEL_EXPORTER_OTLP_ENDPOINT`, the spans are also sent over OTLP/HTTP, with a service for each agent. If a provider
 * is already registered (`node --import ./telemetry.js …`), the spans go to it, and no replay is printed.
 */
import { basename } from 'node:path';
import { DiagConsoleLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { buildTimelines, readFinishedSpans, renderSessions } from 'otel-baton/replay';
import { register } from 'otel-baton/sdk';

const { env, stdout } = process;
const endpoint = env.OTEL_EXPORTER_OTLP_ENDPOINT;
const serviceName = env.OTEL_SERVICE_NAME ?? basename(process.argv[1] ?? 'example', '.ts');

diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.WARN);
const memory = new InMemorySpanExporter();
const telemetry = register(
  { serviceName, spanProcessors: [new SimpleSpanProcessor(memory)] },
  { OTEL_TRACES_EXPORTER: endpoint ? 'otlp' : 'none', ...env },
);
if (endpoint) console.log(`spans also go to ${endpoint}, as service ${serviceName} and one for each agent`);

process.once('beforeExit', () => {
  if (telemetry.joined) return;
  const timelines = buildTimelines(readFinishedSpans(memory.getFinishedSpans()));
  const view = { width: Math.min(stdout.columns ?? 100, 120), color: stdout.isTTY && !env.NO_COLOR };
  console.log(`\n${renderSessions(timelines, view)}`);
  void telemetry.shutdown();
});
