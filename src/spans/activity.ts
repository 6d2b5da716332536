import { type Attributes, type Context, context as contextApi, type Span } from '@opentelemetry/api';
import * as key from '../attributes.ts';
import { withScope } from '../context/scope.ts';
import { settle } from '../context/settle.ts';
import { messageOf } from '../diagnostics.ts';
import { BatonError } from '../errors.ts';
import type { Scoped } from '../handles.ts';
import type { Agent, Metadata, RunStatus } from '../model.ts';
import type { Around } from './around.ts';
import { type Micros, now, toHrTime } from './clock.ts';
import { isAbort, recordError } from './failure.ts';
import type { OpenActivities } from './open-activities.ts';
import type { Recorder } from './recorder.ts';
import type { Run } from './run.ts';
import type { SessionRecord } from './session-record.ts';

/** Of the errors that pass, more need not be told apart. */
const MAX_SEEN = 100;

/** Whatever lasts: a session, a run, a step, a tool call, a model call. Ended once, by whoever comes first. */
export abstract class Activity implements Scoped, Around {
  readonly recorder: Recorder;
  readonly record: SessionRecord;
  abstract readonly run: Run | undefined;
  abstract readonly runId: string | undefined;
  abstract readonly agent: Agent;
  span: Span;
  readonly startedAt: Micros;
  /** The context in which this activity is current. */
  readonly context: Context;
  /** The activity around this one. After its end just one that is still open: a chain of scopes must not keep all there were. */
  parent: Activity | undefined;
  ended = false;
  /** Too many were open, and it was ended for whoever forgot it. */
  gaveWay = false;
  /** How many activities are open inside it. */
  inside = 0;
  /** Neighbours in the list of all that is open of its kind. */
  older: Activity | undefined;
  newer: Activity | undefined;
  /** Neighbours in the session's list of what is open: no set, because every span enters and leaves it. */
  before: Activity | undefined;
  after: Activity | undefined;
  #late: Attributes | undefined;
  /** Errors of what is inside: when one of them passes here, it has been told already. */
  #seen: Set<unknown> | undefined;

  constructor(
    recorder: Recorder,
    around: Around,
    span: Span,
    startedAt: Micros,
    parent: Context,
    active: Span | null = span,
  ) {
    this.recorder = recorder;
    this.record = around.record;
    this.parent = stillOpen(around.activity);
    if (this.parent) this.parent.inside++;
    // Before anybody can find this one: who gives way may end all that is in its session.
    this.peers().makeRoom();
    this.span = span;
    this.startedAt = startedAt;
    this.context = withScope(parent, active ?? undefined, this);
    // Outside any session of the app's, whoever comes first is where the session begins and ends.
    if (this.record.owner === undefined) {
      this.record.owner = this;
      recorder.metrics.look();
    }
    this.record.opened(this);
    this.peers().enter(this);
  }

  /** All that is open of its kind. */
  protected abstract peers(): OpenActivities;

  get activity(): Activity {
    return this;
  }

  hasSeen(error: unknown): boolean {
    return this.#seen?.has(error) === true;
  }

  sees(error: unknown): void {
    this.#seen ??= new Set();
    if (this.#seen.size >= MAX_SEEN) this.#seen.clear();
    this.#seen.add(error);
  }

  /** Runs the app's callback inside this activity and ends it when the result has settled. */
  perform<T>(fn: (handle: this) => T): T {
    let result: T;
    try {
      result = contextApi.with(this.context, fn, undefined, this);
    } catch (error) {
      this.fail(error);
      throw error;
    }
    return settle(result, this);
  }

  within<T>(fn: () => T): T {
    return contextApi.with(this.context, fn);
  }

  end(): void {
    if (!this.ended) this.close('completed');
  }

  fail(error: unknown): void {
    if (this.ended) return;
    const aborted = isAbort(error);
    if (!aborted) this.#failWith(error);
    this.close(aborted ? 'cancelled' : 'failed');
  }

  /** Its session ended first, or was suspended. */
  abandon(as: 'abandoned' | 'suspended' = 'abandoned'): void {
    if (!this.ended) this.close(as);
  }

  /** It gave way, or went with what was around it. */
  get wasForgotten(): boolean {
    return this.gaveWay || this.record.owner?.gaveWay === true;
  }

  /** Ends it, because too many are open. */
  giveWay(): void {
    this.gaveWay = true;
    this.abandon();
  }

  [Symbol.dispose](): void {
    this.end();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.end();
    return Promise.resolve();
  }

  setMetadata(metadata: Metadata): void {
    this.write((attributes) => {
      const before = { ...(this.span as { attributes?: Attributes }).attributes, ...attributes };
      this.recorder.content.metadata(attributes, metadata, before);
    });
  }

  /** Lets a setter add to the attributes that are written with the end. Input that cannot be read costs only itself. */
  protected write(fill: (attributes: Attributes) => void): void {
    const { diagnostics } = this.recorder;
    if (this.ended) {
      // The app has ended nothing, and was told already.
      if (this.wasForgotten) return;
      diagnostics.misuse('ended_scope', 'a setter was called after the end; set it before, or it is lost');
      return;
    }
    this.#late ??= {};
    try {
      fill(this.#late);
    } catch (error) {
      if (error instanceof BatonError) throw error;
      diagnostics.misuse('invalid_input', `what a setter got cannot be read: ${messageOf(error)}`);
    }
  }

  set(name: string, value: string | number | boolean | string[] | undefined): void {
    if (value === undefined) return;
    this.#late ??= {};
    this.#late[name] = value;
  }

  event(name: string, attributes: Attributes, at: Micros = now()): void {
    this.span.addEvent(name, attributes, toHrTime(at));
  }

  #failWith(error: unknown): void {
    try {
      this.set(key.ATTR_ERROR_TYPE, recordError(this, error));
    } catch (failure) {
      this.recorder.failed('recording an error', failure);
    }
  }

  /** What the metrics say of its end, by kind; `attributes` has the `error.type` where it failed. */
  protected measure(_lasted: Micros, _outcome: RunStatus, _attributes: Attributes): void {}

  /** What is written with the end, by kind. */
  protected abstract finish(outcome: RunStatus): void;

  protected close(outcome: RunStatus): void {
    const { recorder, record } = this;
    this.ended = true;
    record.closed(this);
    this.peers().leave(this);
    if (this.parent) this.parent.inside--;
    try {
      if (record.owner === this) {
        record.close(outcome === 'suspended' ? outcome : 'abandoned');
      }
      this.finish(outcome);
    } catch (error) {
      recorder.failed('ending a span', error);
    }
    const endedAt = now();
    recorder.end(this.span, this.startedAt, endedAt, this.#late);
    if (recorder.metrics.on) {
      const failure = this.#late?.[key.ATTR_ERROR_TYPE];
      this.measure(endedAt - this.startedAt, outcome, failure === undefined ? {} : { [key.ATTR_ERROR_TYPE]: failure });
    }
    this.parent = stillOpen(this.parent);
  }
}

/** The nearest one, from this one outward, that has not ended. */
function stillOpen(activity: Activity | undefined): Activity | undefined {
  let open = activity;
  while (open?.ended) open = open.parent;
  // Whoever asks again finds it at once.
  if (activity?.ended) activity.parent = open;
  return open;
}
