import type { TraceAPI } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { Baton } from '../../../src/index.ts';

/** What every library of fake timers can do. */
export interface Clock {
  fake(how: { readonly now?: number | undefined; readonly toFake: readonly string[] }): unknown;
  advance(ms: number): Promise<unknown>;
  set(time: number): unknown;
  real(): unknown;
}

export function underFakeTimers(options: {
  readonly baton: Baton;
  readonly trace: TraceAPI;
  readonly spans: () => readonly ReadableSpan[];
  readonly clock: Clock;
  readonly toFake: readonly string[];
  /** When the fake clock begins; default the present. */
  readonly now: number | undefined;
}): Promise<unknown>;

export function expectedFacts(toFake: readonly string[]): unknown;
