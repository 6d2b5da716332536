import { type RecordedSpan, readOtlpJson } from '../../../src/replay.ts';
import type { RunningBackend } from './backends.ts';

const AROUND_MS = 3_600_000;

/** What Jaeger has of these traces. */
export async function spansInJaeger({ url }: RunningBackend, traceIds: readonly string[]): Promise<RecordedSpan[]> {
  const found: RecordedSpan[] = [];
  for (const traceId of new Set(traceIds)) {
    const response = await fetch(`${url}/api/v3/traces/${traceId}?rawTraces=true`);
    if (response.ok) found.push(...readOtlpJson(await response.text()).spans);
  }
  return found;
}

/** Everything that Jaeger has. As it came: Jaeger 2.20 sorts what it shows in its memory, and two who look at once spoil it. */
export async function allInJaeger({ url }: Pick<RunningBackend, 'url'>): Promise<readonly RecordedSpan[]> {
  const [from, to] = [-AROUND_MS, AROUND_MS].map((distance) => new Date(Date.now() + distance).toISOString());
  const range = `query.startTimeMin=${from}&query.startTimeMax=${to}`;
  const response = await fetch(`${url}/api/v3/traces?${range}&query.searchDepth=1000&query.rawTraces=true`);
  return readOtlpJson(await response.text()).spans;
}
