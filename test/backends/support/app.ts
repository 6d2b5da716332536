import type { MeterProvider } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { BasicTracerProvider, BatchSpanProcessor, type Sampler } from '@opentelemetry/sdk-trace-base';
import { agentServices, sessionSampler } from '../../../src/export.ts';
import { Baton } from '../../../src/index.ts';
import { type RecordedSpan, readOtlpJson } from '../../../src/replay.ts';
import { startReceiver } from '../../support/otlp-receiver.ts';

/** A process of a company's app: sends its spans as apps do, and here, where they are held against what arrives. */
export interface App {
  readonly baton: Baton;
  /** Ends it, with its last spans sent; what it sent. The same answer to whoever asks again. */
  end(): Promise<readonly RecordedSpan[]>;
}

interface AppOptions {
  /** The share of sessions to keep, for a tail sampler; without it nothing is marked. */
  readonly ratio?: number;
  /** Where its metrics go. */
  readonly meterProvider?: MeterProvider;
}

export async function startApp(name: string, otlp: string, options: AppOptions = {}): Promise<App> {
  const { ratio, meterProvider } = options;
  const receiver = await startReceiver();
  const exportTo = (url: string) =>
    // A short delay: many small requests, so that there is always one on its way.
    new BatchSpanProcessor(agentServices(new OTLPTraceExporter({ url: `${url}/v1/traces` })), {
      scheduledDelayMillis: 50,
    });
  const tracerProvider = new BasicTracerProvider({
    spanProcessors: [exportTo(otlp), exportTo(receiver.url)],
    ...(ratio === undefined ? {} : { sampler: sessionSampler({ ratio, tail: true }) as Sampler }),
  });
  let ended: Promise<readonly RecordedSpan[]> | undefined;
  const end = async (): Promise<readonly RecordedSpan[]> => {
    await tracerProvider.shutdown();
    await receiver.close();
    return readOtlpJson(receiver.bodies.join('\n')).spans;
  };
  return {
    baton: new Baton({ agent: name, tracerProvider, meterProvider }),
    end() {
      ended ??= end();
      return ended;
    },
  };
}
