import type { Call } from './calls.ts';
import * as calls from './calls.ts';
import { sessionOf } from './context/header-text.ts';
import { BatonError, describe } from './errors.ts';
import { readDeeply, readEach } from './input.ts';
import type { SessionInput } from './model.ts';
import { isOverflow } from './room-left.ts';
import { NoOp } from './scopes/no-op.ts';
import { type Ending, RecordedScope } from './scopes/scope.ts';
import type { Recorder } from './tracing/recorder.ts';

/** A started scope that can run the app's callback. */
interface Performing<Handle> {
  perform<T>(fn: (handle: Handle) => T): T;
}

/**
 * The boundary between the app and the recording. Whatever the app passes, recording throws nothing into it (except in
 * `strict` mode), and its callback runs.
 */
export class Guard {
  readonly #recorder: Recorder;
  enabled: boolean;
  /** Number of calls that were not recorded because no provider was registered; used by the diagnosis. */
  missed = 0;

  constructor(recorder: Recorder, enabled: boolean) {
    this.#recorder = recorder;
    this.enabled = enabled;
  }

  /**
   * Returns an object that runs the callback exactly once, records it where possible, and returns its result. The
   * callback is not called from this method: each additional stack frame would reduce the depth of an app's recursion.
   */
  scope<Input extends object, Handle>(call: Call<Input, object>, input: Input, fn: unknown): Performing<Handle> {
    if (typeof fn !== 'function') return this.#withoutCallback(call, input, fn);
    try {
      return this.start<Input, Performing<Handle>>(call, input);
    } catch (error) {
      if (!isAsync(fn)) throw error;
      return { perform: () => Promise.reject(error) as never };
    }
  }

  #withoutCallback<Input extends object, Handle>(
    call: Call<Input, object>,
    input: unknown,
    fn: unknown,
  ): Performing<Handle> {
    this.#recorder.diagnostics.misuse(
      'missing_callback',
      `expected (options, callback), got ${describe(fn)} as callback`,
    );
    if (typeof input !== 'function') return { perform: () => undefined as never };
    // The options were left out: the only function given is the app's callback.
    return { perform: () => this.scope<Input, Handle>(call, {} as Input, input).perform(input as never) };
  }

  start<Input extends object, Handle>(call: Call<Input, object>, input: Input): Handle {
    if (this.#records()) {
      const given = this.#given(call, input);
      const handle = this.#tried(call, given);
      if (handle) return endingAs(handle, given) as Handle;
    }
    return noOp((call as unknown) === calls.SESSION || (call as unknown) === calls.RESUMED, input) as Handle;
  }

  quietly<Input extends object>(call: Call<Input, void>, input: Input): void {
    if (this.#records()) this.#tried(call, this.#given(call, input));
  }

  /** Whether to record. When Baton is disabled or no provider is registered, nothing is built or checked. */
  #records(): boolean {
    if (!this.enabled) return false;
    if (this.#recorder.hasProvider) return true;
    this.missed++;
    return false;
  }

  /** Reads the app's input once, before anything starts. A field that cannot be read counts as not given. */
  #given<Input extends object>({ read }: Call<Input, unknown>, given: Input): Input {
    if (typeof given !== 'object' || given === null) {
      this.#recorder.diagnostics.misuse('invalid_input', `expected an object of options, got ${describe(given)}`);
      return {} as Input;
    }
    try {
      return read(given);
    } catch {
      const { input, unreadable } = readEach(given);
      this.#cannotRead(unreadable);
      return input;
    }
  }

  /**
   * Runs the call. When it throws on an unreadable field, it runs again without that field. Never throws, except in
   * `strict` mode.
   */
  #tried<Input extends object, T>(call: Call<Input, T>, input: Input): T | undefined {
    try {
      return call.act(this.#recorder, input);
    } catch (error) {
      return this.#triedAgain(call, input, error);
    }
  }

  #triedAgain<Input extends object, T>(call: Call<Input, T>, given: Input, failure: unknown): T | undefined {
    if (failure instanceof BatonError) throw failure;
    // With a full stack, the app's own next call throws the same error.
    if (isOverflow(failure)) return undefined;
    const { input, unreadable } = readDeeply(given);
    try {
      // Everything is readable, so the input did not cause the error.
      if (unreadable.length === 0) throw failure;
      this.#cannotRead(unreadable);
      return call.act(this.#recorder, input);
    } catch (error) {
      if (error instanceof BatonError) throw error;
      this.#recorder.failed('recording', error);
      return undefined;
    }
  }

  #cannotRead(fields: readonly string[]): void {
    this.#recorder.diagnostics.misuse(
      'invalid_input',
      `the options cannot be read in full: ${fields.slice(0, 5).join(', ')} threw and counts as not given; the rest is recorded`,
    );
  }
}

/** An async callback reports its errors as rejections, so errors about its options must be rejections, too. */
function isAsync(fn: unknown): boolean {
  return Object.prototype.toString.call(fn) === '[object AsyncFunction]';
}

/** Sets the options that control the end of a scope on its handle. */
function endingAs(handle: object, input: object): object {
  const { until, signal } = input as Partial<Ending>;
  if ((until === undefined && signal === undefined) || !(handle instanceof RecordedScope)) return handle;
  handle.ending = { until: typeof until === 'function' ? until : undefined, signal };
  return handle;
}

/** A no-op handle; a session keeps the id that the app gave. */
function noOp(isSession: boolean, input: SessionInput | null | undefined): NoOp {
  let id: unknown;
  try {
    id = input?.sessionId ?? (isSession ? (input?.id ?? sessionOf(input?.carrier)) : undefined);
  } catch {
    // A getter of the app throws: continue without its id.
  }
  return new NoOp(isSession, undefined, typeof id === 'string' && id !== '' ? id : undefined);
}
