import {
  type Attributes,
  type Context,
  INVALID_SPAN_CONTEXT,
  ROOT_CONTEXT,
  type SpanContext,
  trace,
} from '@opentelemetry/api';
import { ATTR_LINKS_DROPPED } from '../attributes.ts';
import type { RunStatus } from '../model.ts';
import type { RunChain } from '../sessions/run-chain.ts';
import { KIND_INTERNAL } from '../span-model.ts';
import { clockSetting, type Micros, now } from '../tracing/clock.ts';
import type { Recorder } from '../tracing/recorder.ts';
import type { Opening } from './open.ts';
import { Session } from './session.ts';

const NO_SPAN = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

/**
 * A session that has no span while it is open: each run has its own trace. At its end, a short span records the outcome
 * and links to the runs.
 */
export class LongSession extends Session {
  readonly #name: string;
  readonly #attributes: Attributes;
  #parent: Context;
  readonly #events: [string, Attributes, Micros][] = [];
  readonly #chain: RunChain;
  #began = false;

  constructor(recorder: Recorder, opening: Opening, startedAt: Micros, chain: RunChain) {
    super(recorder, opening, NO_SPAN, startedAt, trace.getSpan(opening.parent) ?? null);
    this.#name = opening.name;
    this.#attributes = opening.attributes;
    this.#chain = chain;
    this.#parent = opening.parent;
    this.record.chain = chain;
  }

  override event(name: string, attributes: Attributes, at: Micros = this.now(), share = 1): void {
    if (this.#began) super.event(name, attributes, at, share);
    else if (this.#events.length >= Math.floor(this.recorder.limits.events * share)) this.eventDropped();
    else this.#events.push([name, attributes, at]);
  }

  override fail(error: unknown): void {
    this.#begin();
    super.fail(error);
  }

  protected override close(outcome: RunStatus | undefined, at?: Micros): void {
    this.#begin();
    super.close(outcome, at);
  }

  protected override get spanContext(): SpanContext | undefined {
    return this.#chain.last;
  }

  #begin(): void {
    if (this.#began || this.ended) return;
    this.#began = true;
    const { links, left } = this.#chain.links(this.recorder.limits.links);
    if (left > 0) this.set(ATTR_LINKS_DROPPED, left);
    this.startedAt = now();
    const span = this.recorder.start(this.#name, KIND_INTERNAL, this.startedAt, this.#attributes, this.#parent, links);
    if (!span) return;
    this.span = span;
    this.clockSetting = clockSetting();
    // The parent context is not needed any more and must not be kept alive.
    this.#parent = ROOT_CONTEXT;
    for (const [name, attributes, at] of this.#events) super.event(name, attributes, at);
  }
}
