// Imported before a program: sends its spans to several addresses at once, a service for each agent, in the program's own
// words: SEND_TO=http://127.0.0.1:4318,http://127.0.0.1:4319
import { basename } from 'node:path';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { agentServices } from 'otel-baton/export';
import { register } from 'otel-baton/sdk';

const { SEND_TO = '' } = process.env;
const { shutdown } = register(
  {
    serviceName: basename(process.argv[1] ?? '', '.ts'),
    spanProcessors: SEND_TO.split(',').map(
      (url) => new BatchSpanProcessor(agentServices(new OTLPTraceExporter({ url: `${url}/v1/traces` }))),
    ),
  },
  { ...process.env, OTEL_TRACES_EXPORTER: 'none' },
);
process.once('beforeExit', () => void shutdown());
