import { JsonMetricsSerializer } from '@opentelemetry/otlp-transformer';
import {
  AggregationTemporality,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';

/** Sends what is counted over OTLP/HTTP, when it is flushed. */
export function metricsTo(otlp: string): MeterProvider {
  const exporter: PushMetricExporter = {
    export(metrics, done) {
      const request = {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JsonMetricsSerializer.serializeRequest(metrics) ?? null,
      };
      fetch(`${otlp}/v1/metrics`, request).then(
        ({ ok }) => done({ code: ok ? 0 : 1 }),
        (error: Error) => done({ code: 1, error }),
      );
    },
    selectAggregationTemporality: () => AggregationTemporality.CUMULATIVE,
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  return new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })],
  });
}
