import { ATTR_SESSION_ID } from '../attributes.ts';
import { messageOf } from '../diagnostics.ts';
import { shared } from '../shared.ts';
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

type ExportMethod = ExporterPart['exporter']['export'];

/** An exporter that is listened at, by one doctor or by several at once. */
interface Ears {
  readonly deliveries: Map<Delivery, (sessionId: string) => boolean>;
  readonly off: () => void;
}

/** Of all copies of the package: two that each took off their own ears would put the other's back. */
const heard = shared('doctor', () => ({ exporters: new WeakMap<object, Ears>() })).exporters;

function listen(delivery: Delivery, isTest: (sessionId: string) => boolean): () => void {
  const { exporter } = delivery.part;
  const ears = heard.get(exporter) ?? putOn(exporter);
  if (!ears) return () => {};
  heard.set(exporter, ears);
  ears.deliveries.set(delivery, isTest);
  return () => {
    ears.deliveries.delete(delivery);
    if (ears.deliveries.size > 0) return;
    heard.delete(exporter);
    ears.off();
  };
}

function putOn(exporter: ExporterPart['exporter']): Ears | undefined {
  const deliveries: Ears['deliveries'] = new Map();
  const original = exporter.export;
  const ours: ExportMethod = function (this: unknown, spans, callback) {
    const mine = [...deliveries].filter(([{ got }, isTest]) => note(got, spans, isTest)).map(([delivery]) => delivery);
    for (const delivery of mine) delivery.pending++;
    original.call(this as typeof exporter, spans, (result) => {
      for (const delivery of mine) {
        delivery.pending--;
        delivery.error ??= errorOf(result);
      }
      callback(result);
    });
  };
  const before = Object.getOwnPropertyDescriptor(exporter, 'export');
  try {
    Object.defineProperty(exporter, 'export', {
      value: ours,
      configurable: true,
      writable: true,
      enumerable: before?.enumerable ?? false,
    });
  } catch {
    return undefined;
  }
  const off = (): void => {
    // Somebody has put theirs over ours: ours has nobody to tell any more, and stays below.
    if (exporter.export !== ours) return;
    if (before) Object.defineProperty(exporter, 'export', before);
    else delete (exporter as Partial<typeof exporter>).export;
  };
  return { deliveries, off };
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
