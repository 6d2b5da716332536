import { type RecordedSpan, readOtlpJson } from '../../../src/replay.ts';
import type { RunningBackend } from './backends.ts';

/** What Jaeger has of these traces. */
export async function spansInJaeger({ url }: RunningBackend, traceIds: readonly string[]): Promise<RecordedSpan[]> {
  const found: RecordedSpan[] = [];
  for (const traceId of new Set(traceIds)) {
    const response = await fetch(`${url}/api/v3/traces/${traceId}?rawTraces=true`);
    if (response.ok) found.push(...readOtlpJson(await response.text()).spans);
  }
  return found;
}
