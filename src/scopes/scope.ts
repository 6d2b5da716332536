import { type Attributes, type Context, context as contextApi, type Span } from '@opentelemetry/api';
import * as key from '../attributes.ts';
import { withScope } from '../context/scope.ts';
import { messageOf } from '../diagnostics.ts';
import { BatonError } from '../errors.ts';
import type { Scoped } from '../handles.ts';
import type { Agent, Metadata, RunStatus } from '../model.ts';
import { complete } from '../results/complete.ts';
import type { Completion } from '../results/completion.ts';
import type { Progress } from '../results/progress.ts';
import { catchUp, hasRoom, hasRoomToEnd, nesting, postpone } from '../room-left.ts';
import type { EnclosingScope, OpenRun } from '../sessions/enclosing-scope.ts';
import type { OpenScope, OpenScopes } from '../sessions/open-scopes.ts';
import { activeScope } from '../sessions/resolve.ts';
import type { SessionRecord } from '../sessions/session-record.ts';
import { clockSetting, endOf, type Micros, now, toHrTime } from '../tracing/clock.ts';
import { controlFlow, isAbort } from '../tracing/control-flow.ts';
import { errorStatus, errorTypeOf, exceptionAttributes } from '../tracing/failure.ts';
import { eventsOn, warnOfEvents, warnOfLinks } from '../tracing/limits.ts';
import type { Recorder } from '../tracing/recorder.ts';
import type { Opening } from './open.ts';

/** Of the errors that pass, more need not be told apart. */
const MAX_SEEN = 100;

/** What the options of a scope say of its end. */
export interface Ending {
  /** What to wait for instead of the callback's result. */
  readonly until: ((result: unknown) => unknown) | undefined;
  /** Stops it from outside. */
  readonly signal: { readonly aborted: boolean } | undefined;
}

/** A result that is read later: how far it has been read, and since when nothing else happened in the scope that gave it. */
interface Given {
  readonly progress: Progress;
  at: Micros;
}

/** Whatever lasts: a session, a run, a step, a tool call, a model call. Ended once, by whoever comes first. */
export abstract class RecordedScope implements Scoped, EnclosingScope, OpenScope, Completion {
  readonly recorder: Recorder;
  readonly record: SessionRecord;
  abstract readonly run: OpenRun | undefined;
  abstract readonly runId: string | undefined;
  abstract readonly agent: Agent;
  span: Span;
  startedAt: Micros;
  /** The context in which this scope is current. */
  readonly context: Context;
  /** The scope around this one. After its end just one that is still open: a chain of scopes must not keep all there were. */
  parent: RecordedScope | undefined;
  /** That of the wall clock when this began, or a later one in which something inside it began. */
  clockSetting: number = clockSetting();
  ended = false;
  /** What the app said of its end. */
  ending: Ending | undefined;
  /** Of a result that is read later. */
  #given: Given | undefined;
  /** Of a result whose work happens in this scope, which ends with something else. */
  #held: Progress | undefined;
  /** Too many were open, and nothing but its handle knows it any more. */
  evicted = false;
  /** How many scopes are open inside it. */
  inside = 0;
  /** Neighbours in the list of all that is open of its kind. */
  older: OpenScope | undefined;
  newer: OpenScope | undefined;
  /** Neighbours in the session's list of what is open: no set, because every span enters and leaves it. */
  before: OpenScope | undefined;
  after: OpenScope | undefined;
  #late: Attributes | undefined;
  #events = 0;
  #eventsDropped = 0;
  #linksDropped = 0;
  /** Errors of what is inside: when one of them passes here, it has been told already. */
  #seen: Set<unknown> | undefined;

  constructor(
    recorder: Recorder,
    { enclosing, parent }: Pick<Opening, 'enclosing' | 'parent'>,
    span: Span,
    startedAt: Micros,
    active: Span | null = span,
  ) {
    this.recorder = recorder;
    this.record = enclosing.record;
    // A session is around no other by its record, but may run inside one. Whatever is open is one of these.
    this.parent = stillOpen((enclosing.scope ?? activeScope(parent)?.scope) as RecordedScope | undefined);
    if (this.parent) {
      this.parent.inside++;
      this.parent.outlast(this);
    }
    this.span = span;
    this.startedAt = startedAt;
    this.parent?.isBusyAt(startedAt);
    this.context = withScope(parent, active ?? undefined, this);
    // Outside any session of the app's, whoever comes first is where the session begins and ends.
    if (this.record.owner === undefined) {
      this.record.owner = this;
      recorder.metrics.refresh();
    }
    this.record.opened(this);
    this.peers().enter(this);
  }

  /** All that is open of its kind. */
  protected abstract peers(): OpenScopes;

  get scope(): this {
    return this;
  }

  rememberError(error: unknown): void {
    this.#seen ??= new Set();
    if (this.#seen.size >= MAX_SEEN) this.#seen.clear();
    this.#seen.add(error);
  }

  /** Runs the app's callback inside this scope and ends it when the work behind its result is done. */
  perform<T>(fn: (handle: this) => T): T {
    nesting.scopes++;
    try {
      return complete(contextApi.with(this.context, fn, undefined, this), this, fn);
    } catch (error) {
      this.#thrown(error);
      throw error;
    } finally {
      nesting.scopes--;
    }
  }

  /** With a full stack the recording waits for room: the app's own error counts, and not what fails on top of it. */
  #thrown(error: unknown): void {
    try {
      if (hasRoom()) this.fail(error);
      else postpone(() => this.fail(error));
    } catch {
      // It ends with its session.
    }
  }

  within<T>(fn: () => T): T {
    return contextApi.with(this.context, fn);
  }

  end(): void {
    if (!this.ended) this.close('completed');
  }

  fail(error: unknown): void {
    if (this.ended) return;
    const outcome = this.#outcomeOf(error);
    if (outcome === 'failed') this.#failWith(error);
    this.close(outcome);
  }

  /** What it means that this was thrown here. */
  #outcomeOf(error: unknown): RunStatus {
    const failure = this.#isFailure(error);
    if (failure === true) return 'failed';
    if (this.#isStopped || isAbort(error)) return 'cancelled';
    return controlFlow(error) ?? (failure === false ? 'completed' : 'failed');
  }

  #isFailure(error: unknown): unknown {
    try {
      return this.recorder.isFailure?.(error);
    } catch (failure) {
      this.recorder.diagnostics.warn('hook_failed', `isFailure threw: ${messageOf(failure)}`);
      return undefined;
    }
  }

  /** Whoever stops what is around this, stops this as well. */
  get #isStopped(): boolean {
    for (let each: RecordedScope | undefined = this; each; each = each.parent) {
      if (isAborted(each.ending?.signal)) return true;
    }
    return false;
  }

  /**
   * Too many are open: nothing of Baton keeps it any more, so that one which nobody ends can be collected. It may be at work all the
   * same: who has its handle ends it as ever.
   */
  evict(): void {
    this.evicted = true;
    this.record.closed(this);
    if (this.parent) this.parent.inside--;
    this.forgotten();
  }

  /** It is no longer found by its id. */
  protected forgotten(): void {}

  done(_value: unknown): void {
    this.end();
  }

  failed(error: unknown): void {
    this.#thrown(error);
  }

  cancelled(): void {
    if (!this.ended) this.close('cancelled');
  }

  given(progress: Progress): void {
    this.#given = { progress, at: now() };
  }

  holds(progress: Progress): void {
    this.#held = progress;
  }

  get until(): Ending['until'] {
    return this.ending?.until;
  }

  /** Something inside it begins or ends: no end of its own may be before that. */
  isBusyAt(at: Micros): void {
    if (this.#given && this.#given.at < at) this.#given.at = at;
  }

  gaveUp(): void {
    this.abandon();
  }

  cannotWatch(why: string): void {
    this.recorder.diagnostics.warn('unwatched_result', `${why}: its span ends when it is given, not when it is read`);
    this.end();
  }

  /** Its session ended first, or was suspended. What was given to be read later may never have been, or been given up. */
  abandon(as: 'abandoned' | 'suspended' = 'abandoned'): void {
    if (this.ended) return;
    const { at = 0, progress } = this.#given ?? {};
    const state = progress?.state;
    if (state === 'unread') this.close('completed', at);
    else if (state === 'idle') this.close('cancelled', Math.max(at, progress?.readAt ?? 0));
    else this.close(as);
  }

  /** Nobody can see from here whether something was thrown: how it went is not said. */
  [Symbol.dispose](): void {
    if (!this.ended) this.close(undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
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
      diagnostics.misuse(
        'ended_scope',
        'a setter was called after the end of its scope; the value is lost, so call the setter earlier',
      );
      return;
    }
    this.#late ??= {};
    try {
      fill(this.#late);
    } catch (error) {
      if (error instanceof BatonError) throw error;
      diagnostics.misuse('invalid_input', `the argument of a setter cannot be read: ${messageOf(error)}`);
    }
  }

  set(name: string, value: string | number | boolean | string[] | undefined): void {
    if (value === undefined) return;
    this.#late ??= {};
    this.#late[name] = value;
  }

  /** The time at which something happens to it. */
  protected now(): Micros {
    return endOf(this.clockSetting, now());
  }

  /** Ends no earlier than what began inside it, which may have seen a later setting of the wall clock. */
  outlast(child: RecordedScope): void {
    if (child.clockSetting > this.clockSetting) this.clockSetting = child.clockSetting;
  }

  /**
   * `share` of the events that the provider keeps for one span may be of this kind: it drops the oldest, and an error must
   * outlive what is told of progress.
   */
  event(name: string, attributes: Attributes, at: Micros = this.now(), share = 1): void {
    const { limits } = this.recorder;
    if (eventsOn(this.span, this.#events) >= Math.floor(limits.events * share)) {
      this.eventDropped();
      return;
    }
    this.#events++;
    this.recorder.write(this.span, (span) => span.addEvent(name, attributes, toHrTime(at)));
  }

  protected eventDropped(): void {
    this.#eventsDropped++;
    warnOfEvents(this.recorder.diagnostics, this.recorder.limits.events);
  }

  /** Links that did not fit on the span. */
  linksDropped(count: number): void {
    if (count === 0) return;
    this.#linksDropped += count;
    warnOfLinks(this.recorder.diagnostics, count, this.recorder.limits.links);
  }

  /**
   * Status, and one `exception` event per error: on its way up, the innermost span has the event, those around it have only the
   * status.
   */
  #failWith(error: unknown): void {
    const { content } = this.recorder;
    try {
      const exception = exceptionAttributes(error, content);
      const status = errorStatus(exception[key.ATTR_EXCEPTION_MESSAGE] as string | undefined);
      this.recorder.write(this.span, (span) => span.setStatus(status));
      if (this.#seen?.has(error) !== true) this.event(key.EVENT_EXCEPTION, exception);
      this.parent?.rememberError(error);
      this.set(key.ATTR_ERROR_TYPE, errorTypeOf(error, content));
    } catch (failure) {
      this.recorder.failed('recording an error', failure);
    }
  }

  /** What the metrics say of its end, by kind; `attributes` has the `error.type` where it failed. */
  protected measure(_lasted: Micros, _outcome: RunStatus | undefined, _attributes: Attributes): void {}

  /** What is written with the end, by kind. */
  protected abstract finish(outcome: RunStatus | undefined): void;

  /** `at` is when it ended, when that is not now. */
  protected close(outcome: RunStatus | undefined, at?: Micros): void {
    this.ended = true;
    this.#given?.progress.left();
    this.#held?.left();
    if (hasRoomToEnd()) this.#conclude(outcome, at);
    else postpone(() => this.#conclude(outcome, at));
  }

  #conclude(outcome: RunStatus | undefined, at: Micros | undefined): void {
    const { recorder, record } = this;
    catchUp();
    if (!this.evicted) {
      record.closed(this);
      this.peers().leave(this);
      if (this.parent) this.parent.inside--;
    }
    try {
      if (record.owner === this) {
        record.close(outcome === 'suspended' ? outcome : 'abandoned');
      }
      this.finish(outcome);
    } catch (error) {
      recorder.failed('ending a span', error);
    }
    if (this.#eventsDropped > 0) this.set(key.ATTR_EVENTS_DROPPED, this.#eventsDropped);
    if (this.#linksDropped > 0) this.set(key.ATTR_LINKS_DROPPED, this.#linksDropped);
    this.parent?.outlast(this);
    // What it has ended itself on the way counts, too.
    const endedAt = at === undefined ? this.now() : Math.max(at, this.#given?.at ?? 0);
    this.parent?.isBusyAt(endedAt);
    recorder.end(this.span, this.startedAt, endedAt, this.#late);
    if (recorder.metrics.on) {
      const failure = this.#late?.[key.ATTR_ERROR_TYPE];
      this.measure(endedAt - this.startedAt, outcome, failure === undefined ? {} : { [key.ATTR_ERROR_TYPE]: failure });
    }
    this.parent = stillOpen(this.parent);
  }
}

/** The nearest one, from this one outward, that has not ended. */
function stillOpen(scope: RecordedScope | undefined): RecordedScope | undefined {
  let open = scope;
  while (open?.ended) open = open.parent;
  // Whoever asks again finds it at once.
  if (scope?.ended) scope.parent = open;
  return open;
}

function isAborted(signal: { readonly aborted: boolean } | undefined): boolean {
  try {
    return signal?.aborted === true;
  } catch {
    return false;
  }
}
