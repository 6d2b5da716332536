import {
  type Attributes,
  type Context,
  type Counter,
  createNoopMeter,
  type Histogram,
  type Meter,
  type MeterProvider,
  metrics,
  type UpDownCounter,
} from '@opentelemetry/api';
import * as key from '../attributes.ts';
import { NAME, VERSION } from '../version.ts';
import type { Micros } from './clock.ts';

/** Bucket boundaries in seconds: from a cached tool call to a handoff that waits overnight. */
const SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 14_400, 86_400];

interface Instruments {
  readonly handoffs: Counter;
  readonly receivedHandoffs: Counter;
  readonly handoffWait: Histogram;
  readonly runs: Histogram;
  readonly tools: Histogram;
  readonly openSessions: UpDownCounter;
  readonly droppedSpans: Counter;
  readonly droppedAttributes: Counter;
}

/**
 * The counters and histograms, recorded where the app has a meter provider. docs/metrics.md lists names, units and
 * attributes.
 */
export class Metrics {
  readonly #given: MeterProvider | undefined;
  readonly #failed: (error: unknown) => void;
  #provider: MeterProvider | undefined;
  #instruments: Instruments | undefined;

  /** `failed` receives what the app's meter provider throws. */
  constructor(given: MeterProvider | undefined, failed: (error: unknown) => void) {
    this.#given = given;
    this.#failed = failed;
  }

  /** Whether a meter provider is registered, as of the last check. */
  get on(): boolean {
    return this.#instruments !== undefined;
  }

  /**
   * Checks again for a meter provider, which may be registered late. Called when a session starts, not for each span.
   */
  refresh(): boolean {
    const provider = this.#given ?? metrics.getMeterProvider();
    if (provider !== this.#provider) {
      this.#provider = provider;
      this.#instruments = undefined;
      try {
        const meter = provider.getMeter(NAME, VERSION, { schemaUrl: key.SCHEMA_URL });
        if (meter !== createNoopMeter()) this.#instruments = createInstruments(meter);
      } catch (error) {
        this.#failed(error);
      }
    }
    return this.on;
  }

  handoff(attributes: Attributes, context: Context): void {
    this.#record(({ handoffs }) => handoffs.add(1, attributes, context));
  }

  receivedHandoff(attributes: Attributes, context: Context): void {
    this.#record(({ receivedHandoffs }) => receivedHandoffs.add(1, attributes, context));
  }

  handoffWait(wait: Micros, attributes: Attributes, context: Context): void {
    this.#record(({ handoffWait }) => handoffWait.record(wait / 1e6, attributes, context));
  }

  run(lasted: Micros, attributes: Attributes, context: Context): void {
    this.#record(({ runs }) => runs.record(lasted / 1e6, attributes, context));
  }

  tool(lasted: Micros, attributes: Attributes, context: Context): void {
    this.#record(({ tools }) => tools.record(lasted / 1e6, attributes, context));
  }

  /** Adds 1 or -1 to the number of open sessions. */
  openSessions(change: 1 | -1): void {
    this.#record(({ openSessions }) => openSessions.add(change));
  }

  droppedSpan(): void {
    this.refresh();
    this.#record(({ droppedSpans }) => droppedSpans.add(1));
  }

  droppedAttributes(count: number): void {
    if (count === 0) return;
    this.refresh();
    this.#record(({ droppedAttributes }) => droppedAttributes.add(count));
  }

  #record(write: (instruments: Instruments) => void): void {
    const instruments = this.#instruments;
    if (!instruments) return;
    try {
      write(instruments);
    } catch (error) {
      this.#failed(error);
    }
  }
}

function createInstruments(meter: Meter): Instruments {
  const seconds = { unit: 's', advice: { explicitBucketBoundaries: SECONDS } };
  return {
    handoffs: meter.createCounter(key.METRIC_HANDOFFS, {
      unit: '{handoff}',
      description: 'Handoffs that were requested here, by what came of them.',
    }),
    receivedHandoffs: meter.createCounter(key.METRIC_RECEIVED_HANDOFFS, {
      unit: '{handoff}',
      description: 'Handoffs of other processes that runs picked up here, by the last word of each.',
    }),
    handoffWait: meter.createHistogram(key.METRIC_HANDOFF_WAIT_DURATION, {
      ...seconds,
      description: 'How long a handoff waited for its first answer.',
    }),
    runs: meter.createHistogram(key.METRIC_RUN_DURATION, { ...seconds, description: 'How long agents were at work.' }),
    tools: meter.createHistogram(key.METRIC_TOOL_DURATION, { ...seconds, description: 'How long tool calls took.' }),
    openSessions: meter.createUpDownCounter(key.METRIC_OPEN_SESSIONS, {
      unit: '{session}',
      description: 'Sessions that have started and not ended.',
    }),
    droppedSpans: meter.createCounter(key.METRIC_DROPPED_SPANS, {
      unit: '{span}',
      description: 'Spans that were lost because OpenTelemetry threw when they started or ended.',
    }),
    droppedAttributes: meter.createCounter(key.METRIC_DROPPED_ATTRIBUTES, {
      unit: '{attribute}',
      description: 'Attributes that were left out: beyond a limit, or not readable.',
    }),
  };
}
