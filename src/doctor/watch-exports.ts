import { ATTR_SESSION_ID } from '../attributes.ts';
import { messageOf } from '../diagnostics.ts';
import type { ExporterPart } from './provider-parts.ts';

/** What an exporter got of the test pipeline, and what its backend said. */
export interface Delivery {
  readonly part: ExporterPart;
  /** Names of the spans that it got, by session. */
  readonly got: Map<string, string[]>;
  /** Exports without an answer yet. */
  pending: number;
  /** Of the last export that failed. */
  error: string | undefined;
}

/**
 * Listens at the exporters while the test pipeline is on its way: no interface tells what became of a span. `stop` takes
 * the ears off again; nothing is changed of what passes.
 */
export function watchExports(
  parts: readonly ExporterPart[],
  isTest: (sessionId: string) => boolean,
): { readonly deliveries: readonly Delivery[]; stop(): void } {
  const deliveries = parts.map((part): Delivery => ({ part, got: new Map(), pending: 0, error: undefined }));
  const undo = deliveries.map((delivery) => listen(delivery, isTest));
  return {
    deliveries,
    stop: () => {
      for (const off of undo) off();
    },
  };
}

function listen(delivery: Delivery, isTest: (sessionId: string) => boolean): () => void {
  const { exporter } = delivery.part;
  const original = exporter.export;
  const ours: typeof original = function (this: unknown, spans, callback) {
    const isOurs = note(delivery.got, spans, isTest);
    if (isOurs) delivery.pending++;
    original.call(this as typeof exporter, spans, (result) => {
      if (isOurs) {
        delivery.pending--;
        delivery.error ??= errorOf(result);
      }
      callback(result);
    });
  };
  const before = Object.getOwnPropertyDescriptor(exporter, 'export');
  try {
    Object.defineProperty(exporter, 'export', { value: ours, configurable: true, writable: true });
  } catch {
    return () => {};
  }
  return () => {
    if (before) Object.defineProperty(exporter, 'export', before);
    else delete (exporter as Partial<typeof exporter>).export;
  };
}

interface TestSpan {
  readonly name?: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

/** Notes the test spans among them; most exporters take several spans at once, some vendors' one. Whether there are any. */
function note(got: Map<string, string[]>, spans: unknown, isTest: (sessionId: string) => boolean): boolean {
  const list: readonly (TestSpan | undefined)[] = Array.isArray(spans) ? spans : [spans];
  let found = false;
  for (const span of list) {
    const id = String(span?.attributes?.[ATTR_SESSION_ID]);
    if (!isTest(id)) continue;
    found = true;
    got.set(id, [...(got.get(id) ?? []), String(span?.name)]);
  }
  return found;
}

function errorOf(result: unknown): string | undefined {
  const { code, error } = (result ?? {}) as { code?: unknown; error?: unknown };
  if (code === 0) return undefined;
  const status = (error as { code?: unknown } | undefined)?.code;
  const message = error === undefined ? 'no reason given' : messageOf(error);
  return status === undefined || message.includes(String(status)) ? message : `${status} ${message}`;
}
