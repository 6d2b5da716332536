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

/** Maximum number of errors that a scope remembers to recognise them. */
const MAX_SEEN = 100;

/** The options that control the end of a scope. */
export interface Ending {
  /** What to wait for instead of the callback's result. */
  readonly until: ((result: unknown) => unknown) | undefined;
  /** A signal that stops the scope. */
  readonly signal: { readonly aborted: boolean } | undefined;
}

/** A result that is read later: how far it has been read, and when something last happened in its scope. */
interface Given {
  readonly progress: Progress;
  at: Micros;
}

/** The base of all scopes that record a span. A scope ends once; later calls of `end` or `fail` have no effect. */
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
  /**
   * The enclosing scope. After the end, the nearest one that is open: a chain of scopes must not keep all ended ones
   * alive.
   */
  parent: RecordedScope | undefined;
  /** The wall clock's setting at the start, or a later one at which a child started. */
  clockSetting: number = clockSetting();
  ended = false;
  /** The options that control its end. */
  ending: Ending | undefined;
  /** A result that is read later. */
  #given: Given | undefined;
  /** The progress of a result that is read in this scope, while the scope waits for something else. */
  #held: Progress | undefined;
  /** Too many scopes were open, so only its handle still references it. */
  evicted = false;
  /** Number of open scopes inside it. */
  inside = 0;
  /** Neighbours in the list of all open scopes of its kind. */
  older: OpenScope | undefined;
  newer: OpenScope | undefined;
  /** Neighbours in the session's list of open scopes. Not a set, because every span enters and leaves the list. */
  before: OpenScope | undefined;
  after: OpenScope | undefined;
  #late: Attributes | undefined;
  #events = 0;
  #eventsDropped = 0;
  #linksDropped = 0;
  /** Errors that inner scopes have recorded. When one of them reaches this scope, it is not recorded again. */
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
    // A session's record has no scope, but the session may run inside another scope. Every open scope is a
    // RecordedScope.
    this.parent = stillOpen((enclosing.scope ?? activeScope(parent)?.scope) as RecordedScope | undefined);
    if (this.parent) {
      this.parent.inside++;
      this.parent.outlast(this);
    }
    this.span = span;
    this.startedAt = startedAt;
    this.parent?.isBusyAt(startedAt);
    this.context = withScope(parent, active ?? undefined, this);
    // Outside any session of the app, the first scope owns the session: it starts and ends with that scope.
    if (this.record.owner === undefined) {
      this.record.owner = this;
      recorder.metrics.refresh();
    }
    this.record.opened(this);
    this.peers().enter(this);
  }

  /** The list of all open scopes of its kind. */
  protected abstract peers(): OpenScopes;

  get scope(): this {
    return this;
  }

  rememberError(error: unknown): void {
    this.#seen ??= new Set();
    if (this.#seen.size >= MAX_SEEN) this.#seen.clear();
    this.#seen.add(error);
  }

  /** Runs the app's callback inside this scope, and ends the scope at the completion of the result. */
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

  /** With a full stack, recording waits for room: the app must see its own error, not one that recording adds. */
  #thrown(error: unknown): void {
    try {
      if (hasRoom()) this.fail(error);
      else postpone(() => this.fail(error));
    } catch {
      // The scope then ends with its session.
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

  /** The outcome of a scope that throws this error. */
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

  /** Whether its own signal or that of an enclosing scope has aborted. */
  get #isStopped(): boolean {
    for (let each: RecordedScope | undefined = this; each; each = each.parent) {
      if (isAborted(each.ending?.signal)) return true;
    }
    return false;
  }

  /**
   * Removes Baton's references when too many scopes are open, so that one that never ends can be collected. It may
   * still be at work, and its handle ends it as usual.
   */
  evict(): void {
    this.evicted = true;
    this.record.closed(this);
    if (this.parent) this.parent.inside--;
    this.forgotten();
  }

  /** Removes it from the index by id. */
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

  /** Called when something inside it starts or ends: the scope must not end before that. */
  isBusyAt(at: Micros): void {
    if (this.#given && this.#given.at < at) this.#given.at = at;
  }

  abandoned(): void {
    this.abandon();
  }

  cannotWatch(why: string): void {
    this.recorder.diagnostics.warn('unwatched_result', `${why}: its span ends when it is given, not when it is read`);
    this.end();
  }

  /**
   * Ends a scope whose session ended first or was suspended. A result that is read later may never have been read, or
   * only in part.
   */
  abandon(as: 'abandoned' | 'suspended' = 'abandoned'): void {
    if (this.ended) return;
    const { at = 0, progress } = this.#given ?? {};
    const state = progress?.state;
    if (state === 'unread') this.close('completed', at);
    else if (state === 'idle') this.close('cancelled', Math.max(at, progress?.readAt ?? 0));
    else this.close(as);
  }

  /** `using` does not tell whether an error was thrown, so the outcome is not recorded. */
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

  /** Lets a setter add attributes that are written at the end. Input that cannot be read drops only itself. */
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

  /** The current time, corrected for this scope. */
  protected now(): Micros {
    return endOf(this.clockSetting, now());
  }

  /** Makes this scope end no earlier than a child that started under a later setting of the wall clock. */
  outlast(child: RecordedScope): void {
    if (child.clockSetting > this.clockSetting) this.clockSetting = child.clockSetting;
  }

  /**
   * Adds an event. `share` is the part of the provider's event limit that this kind may use. The provider drops the
   * oldest events, and progress events must not push out an error.
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

  /** Counts links that did not fit on the span. */
  linksDropped(count: number): void {
    if (count === 0) return;
    this.#linksDropped += count;
    warnOfLinks(this.recorder.diagnostics, count, this.recorder.limits.links);
  }

  /**
   * Sets the status and adds an `exception` event. An error that passes several scopes has its event on the innermost
   * span alone; the others get only the status.
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

  /** Records the metrics of its end. `attributes` has `error.type` if it failed. */
  protected measure(_lasted: Micros, _outcome: RunStatus | undefined, _attributes: Attributes): void {}

  /** Sets the attributes of its kind at the end. */
  protected abstract finish(outcome: RunStatus | undefined): void;

  /** `at` is the time of the end, where that is not now. */
  protected close(outcome: RunStatus | undefined, at?: Micros): void {
    this.ended = true;
    this.#given?.progress.scopeEnded();
    this.#held?.scopeEnded();
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
    // Scopes that it has just ended count, too.
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

/** The nearest scope, from this one outward, that is open. */
function stillOpen(scope: RecordedScope | undefined): RecordedScope | undefined {
  let open = scope;
  while (open?.ended) open = open.parent;
  // Shortens the path for the next search.
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
