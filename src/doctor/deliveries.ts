import { shownAddress } from '../address.ts';
import { type Finding, good, problem, warning } from './finding.ts';
import type { ProviderParts } from './provider-parts.ts';
import { TEST_SPANS } from './test-pipeline.ts';
import type { Delivery } from './watch-exports.ts';

/** Filters that are known to keep spans back, by the name of their processor or exporter. */
const FILTERS: readonly (readonly [RegExp, string])[] = [
  [/langfuse/i, "Langfuse lets only gen_ai spans through: set operationNames: 'all', or its shouldExportSpan"],
  [
    /braintrust/i,
    "Braintrust's filterAISpans lets only AI spans through: set operationNames: 'all', or filterAISpans: false",
  ],
  [/traceloop/i, 'Traceloop drops the spans of other libraries: add a span processor with an exporter of your own'],
  [/sampling|filter|drop/i, 'it filters: let spans with a session.id through'],
];

/** What each exporter got of the test pipeline, and what became of it. */
export function judgeDeliveries(
  { processors, exporters }: ProviderParts,
  deliveries: readonly Delivery[],
  sessionId: string,
): Finding[] {
  if (exporters.length === 0) {
    if (processors.length > 0) {
      const message = `no exporter can be seen behind ${processors.join(', ')}: whether spans leave is not known here`;
      return [warning('exporter', message, 'look for the test session in the backend')];
    }
    const fix = 'give the provider a span processor with an exporter, e.g. BatchSpanProcessor with OTLPTraceExporter';
    return [problem('exporter', 'the tracer provider has no span processor: spans go nowhere', fix)];
  }
  const anybodyGotAll = deliveries.some((one) => keptBack(one, sessionId).length === 0 && one.error === undefined);
  return deliveries.map((delivery) => judge(delivery, keptBack(delivery, sessionId), anybodyGotAll));
}

function keptBack({ got }: Delivery, sessionId: string): string[] {
  const names = got.get(sessionId) ?? [];
  return TEST_SPANS.filter((name) => !names.includes(name));
}

function judge({ part, pending, error }: Delivery, kept: readonly string[], isOptional: boolean): Finding {
  const [url] = part.urls;
  const where = `${part.name}${url === undefined ? '' : ` to ${shownAddress(url)}`}`;
  if (error !== undefined) return problem('exporter', `${where} could not deliver: ${error}`);
  if (pending > 0) return warning('exporter', `${where} got the test spans, and its backend has not answered yet`);
  if (kept.length === 0)
    return good('exporter', `${where} got all ${TEST_SPANS.length} test spans and says they are delivered`);
  const known = FILTERS.find(([name]) => name.test(part.processor) || name.test(part.name));
  const all = kept.length === TEST_SPANS.length;
  const message = `${where} got ${all ? 'none' : TEST_SPANS.length - kept.length} of the ${TEST_SPANS.length} test spans; ${part.processor || 'a filter'} keeps back ${all ? 'all' : kept.join(', ')}`;
  return (all && !isOptional ? problem : warning)(
    'filter',
    message,
    known?.[1] ?? 'is there a filter, a sampler or a second provider in front of it?',
  );
}
