import { runInNewContext } from 'node:vm';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { Baton } from '../../src/index.ts';
import { recordEachTest } from '../support/recording.ts';

const recording = recordEachTest();
let baton: Baton;

beforeEach(() => {
  baton = recording.client();
});

const SHOW = ['error.type', 'baton.run.status', 'baton.session.status'];

function tree(): string {
  return recording.tree(SHOW);
}

/** Runs `fn` as deep as the model goes. */
function inTool<T>(fn: () => T): T {
  return baton.withSession({ kind: 'pipeline' }, () =>
    baton.withRun({}, () => baton.withWorkflowStep({ stepKey: 'check' }, () => baton.withTool({ tool: 'refund' }, fn))),
  );
}

const NOTHING = Symbol('nothing was thrown');

function thrownBy(fn: () => unknown): unknown {
  try {
    fn();
  } catch (error) {
    return error;
  }
  return NOTHING;
}

async function rejectionOf(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return NOTHING;
}

/** The names of the spans that have an `exception` event, once for each. */
function exceptions(spans: readonly ReadableSpan[] = recording.spans()): string[] {
  return spans.flatMap((span) => span.events.filter(({ name }) => name === 'exception').map(() => span.name));
}

function named(name: string): ReadableSpan {
  const span = recording.spans().find((other) => other.name === name);
  if (!span) throw new Error(`no span "${name}" in\n${tree()}`);
  return span;
}

const FAILED = `
invoke_workflow pipeline ERROR(card refused) {error.type=TypeError session.status=failed}
  invoke_agent triage ERROR(card refused) {error.type=TypeError run.status=failed}
    run_step check ERROR(card refused) {error.type=TypeError}
      execute_tool refund ERROR(card refused) {error.type=TypeError} [exception]
`.trim();

describe('a callback that throws', () => {
  it('fails every span around it, has one exception event on the innermost, and throws the same error on', () => {
    const error = new TypeError('card refused');
    const thrown = thrownBy(() =>
      inTool(() => {
        throw error;
      }),
    );
    expect(thrown).toBe(error);
    expect(tree()).toBe(FAILED);
  });

  it('throws while the caller is still on the stack, and not as a rejection', () => {
    expect(() =>
      baton.withTool({ tool: 'refund' }, () => {
        throw new TypeError('card refused');
      }),
    ).toThrow(TypeError);
    expect(named('execute_tool refund').ended).toBe(true);
  });

  it('rejects with the same error when it is asynchronous', async () => {
    const error = new TypeError('card refused');
    const rejection = await rejectionOf(
      inTool(async () => {
        await Promise.resolve();
        throw error;
      }),
    );
    expect(rejection).toBe(error);
    expect(tree()).toBe(FAILED);
  });

  it('fails the spans around an async generator that throws while it is read', async () => {
    const error = new TypeError('card refused');
    const chunks: string[] = [];
    const stream = inTool(async function* () {
      yield 'a';
      throw error;
    });
    const rejection = await rejectionOf(
      (async () => {
        for await (const chunk of stream) chunks.push(chunk);
      })(),
    );
    expect(rejection).toBe(error);
    expect(chunks).toEqual(['a']);
    expect(tree()).toBe(FAILED);
  });

  it('fails the spans around a web stream that errors while it is read', async () => {
    const error = new TypeError('card refused');
    const stream = inTool(
      () =>
        new ReadableStream<string>({
          pull(controller) {
            controller.error(error);
          },
        }),
    );
    expect(await rejectionOf(stream.getReader().read())).toBe(error);
    expect(tree()).toBe(FAILED);
  });

  it('fails the spans around a thenable that rejects', async () => {
    const error = new TypeError('card refused');
    const query = inTool(() => ({
      // biome-ignore lint/suspicious/noThenProperty: a query builder is one
      then: (_: unknown, onError: (error: unknown) => void) => onError(error),
    }));
    expect(await rejectionOf(query as never)).toBe(error);
    expect(tree()).toBe(FAILED);
  });

  it('leaves the siblings that did not throw as they are', () => {
    baton.withSession({ kind: 'pipeline' }, () =>
      baton.withRun({}, () => {
        thrownBy(() =>
          baton.withTool({ tool: 'refund' }, () => {
            throw new TypeError('card refused');
          }),
        );
        baton.withTool({ tool: 'apologise' }, () => {});
      }),
    );
    expect(tree()).toBe(
      `
invoke_workflow pipeline {session.status=completed}
  invoke_agent triage {run.status=completed}
    execute_tool refund ERROR(card refused) {error.type=TypeError} [exception]
    execute_tool apologise
`.trim(),
    );
  });

  it('never sets the status OK, nor a status message, where nothing failed', () => {
    inTool(() => {});
    expect(recording.spans().map(({ status }) => status)).toEqual(Array(4).fill({ code: 0 }));
  });

  it('gives each of several failed siblings an exception event of its own, and the run that of what it threw', async () => {
    const reasons = await baton.withSession({ kind: 'pipeline' }, () =>
      baton.withRun({}, () =>
        Promise.allSettled(
          ['mail', 'chat'].map((tool) =>
            baton.withTool({ tool }, async () => {
              throw new RangeError(`no ${tool}`);
            }),
          ),
        ),
      ),
    );
    expect(reasons.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(tree()).toBe(
      `
invoke_workflow pipeline {session.status=completed}
  invoke_agent triage {run.status=completed}
    execute_tool mail ERROR(no mail) {error.type=RangeError} [exception]
    execute_tool chat ERROR(no chat) {error.type=RangeError} [exception]
`.trim(),
    );
  });

  it('gives an error that a run throws in place of its step’s an exception event of its own', () => {
    const thrown = thrownBy(() =>
      baton.withRun({}, () => {
        try {
          baton.withTool({ tool: 'refund' }, () => {
            throw new TypeError('card refused');
          });
        } catch (cause) {
          throw new RangeError('no refund', { cause });
        }
      }),
    );
    expect(thrown).toBeInstanceOf(RangeError);
    expect(tree()).toBe(
      `
invoke_agent triage ERROR(no refund) {error.type=RangeError run.status=failed} [exception]
  execute_tool refund ERROR(card refused) {error.type=TypeError} [exception]
`.trim(),
    );
  });
});

describe('the exception event', () => {
  it('has type, message and stack, and no secret in any of them', () => {
    const error = new TypeError('refused for password=hunter2');
    thrownBy(() =>
      inTool(() => {
        throw error;
      }),
    );
    const [event] = named('execute_tool refund').events;
    expect(event?.attributes).toEqual({
      'exception.type': 'TypeError',
      'exception.message': 'refused for password=[REDACTED]',
      'exception.stacktrace': expect.stringContaining('TypeError: refused for password=[REDACTED]\n'),
    });
    expect(String(event?.attributes?.['exception.stacktrace'])).toContain('errors.test.ts');
    expect(recording.spans().map(({ status }) => status.message)).toEqual(
      Array(4).fill('refused for password=[REDACTED]'),
    );
  });

  it('is cut to the size limit, message and stack alike', () => {
    thrownBy(() =>
      baton.withTool({ tool: 'refund' }, () => {
        throw new Error('é'.repeat(10_000));
      }),
    );
    const span = named('execute_tool refund');
    const texts = [span.status.message, ...Object.values(span.events[0]?.attributes ?? {})].map(String);
    expect(texts).toHaveLength(4);
    expect(texts.filter((text) => Buffer.byteLength(text) > 2_000)).toEqual([]);
    expect(span.status.message).toMatch(/^é+… \[cut, 20000 bytes\]$/);
  });

  it('lies between the start and the end of its span', () => {
    thrownBy(() =>
      baton.withTool({ tool: 'refund' }, () => {
        throw new Error('no');
      }),
    );
    const { startTime, endTime, events } = named('execute_tool refund');
    const micros = ([seconds, nanos]: readonly [number, number]): number => seconds * 1e6 + nanos / 1e3;
    const at = micros(events[0]?.time ?? [0, 0]);
    expect(at).toBeGreaterThan(micros(startTime));
    expect(at).toBeLessThan(micros(endTime));
  });
});

describe('what is thrown', () => {
  class Refusal {
    readonly why = 'limit';
  }

  it.each<[string, unknown, string, string]>([
    ['a string', 'card refused', 'string', 'card refused'],
    ['an empty string', '', 'string', ''],
    ['a number', 42, 'number', '42'],
    ['undefined', undefined, 'undefined', 'undefined'],
    ['null', null, 'object', 'null'],
    ['false', false, 'boolean', 'false'],
    ['a bigint', 10n, 'bigint', '10'],
    ['a symbol', Symbol('refused'), 'symbol', 'Symbol(refused)'],
    ['a frozen error', Object.freeze(new TypeError('card refused')), 'TypeError', 'card refused'],
    ['an object that says no name', new Refusal(), '_OTHER', '[object Object]'],
    ['a plain object', {}, '_OTHER', '[object Object]'],
    ['an object without a prototype', Object.create(null), '_OTHER', 'an error that cannot be read'],
  ])('may be %s: one exception event, the same value thrown on', (_, value, type, message) => {
    expect(
      thrownBy(() =>
        inTool(() => {
          throw value;
        }),
      ),
    ).toBe(value);
    const description = `ERROR(${message}) {error.type=${type}`;
    expect(tree()).toBe(
      `
invoke_workflow pipeline ${description} session.status=failed}
  invoke_agent triage ${description} run.status=failed}
    run_step check ${description}}
      execute_tool refund ${description}} [exception]
`.trim(),
    );
  });

  it('may be the same string twice: two failures, two exception events', () => {
    baton.withRun({}, () => {
      for (const tool of ['mail', 'chat']) {
        thrownBy(() =>
          baton.withTool({ tool }, () => {
            throw 'down';
          }),
        );
      }
    });
    expect(exceptions()).toEqual(['execute_tool mail', 'execute_tool chat']);
  });

  it('may be an error whose every property throws when it is read', () => {
    const error = new Error('never read');
    // The stack first: defining it anew makes the engine read the name.
    for (const property of ['stack', 'name', 'message', 'code', 'cause', 'constructor', 'toString']) {
      Object.defineProperty(error, property, {
        get() {
          throw new Error(`${property} was read`);
        },
      });
    }
    const thrown = thrownBy(() =>
      inTool(() => {
        throw error;
      }),
    );
    expect(thrown === error).toBe(true);
    expect(tree()).toBe(
      FAILED.replaceAll('card refused', 'an error that cannot be read').replaceAll('TypeError', '_OTHER'),
    );
  });

  it('may be a revoked proxy', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const thrown = thrownBy(() =>
      inTool(() => {
        throw proxy;
      }),
    );
    expect(thrown === proxy).toBe(true);
    expect(exceptions()).toEqual(['execute_tool refund']);
  });

  it.each<[string, unknown]>([
    ['an object', { text: 'card refused' }],
    ['a symbol', Symbol('card refused')],
    ['nothing', undefined],
  ])('may be an error whose message is %s', (_, message) => {
    const error = Object.assign(new TypeError('was text'), { message });
    expect(
      thrownBy(() =>
        inTool(() => {
          throw error;
        }),
      ),
    ).toBe(error);
    expect(recording.spans().map((span) => [span.name, span.status.code, span.attributes['error.type']])).toEqual([
      ['execute_tool refund', 2, 'TypeError'],
      ['run_step check', 2, 'TypeError'],
      ['invoke_agent triage', 2, 'TypeError'],
      ['invoke_workflow pipeline', 2, 'TypeError'],
    ]);
    expect(exceptions()).toEqual(['execute_tool refund']);
  });

  it('may be an object with a message, as some clients throw: the message describes the failure', () => {
    thrownBy(() =>
      baton.withTool({ tool: 'refund' }, () => {
        throw { message: 'row not found', code: 'PGRST116' };
      }),
    );
    expect(tree()).toBe('execute_tool refund ERROR(row not found) {error.type=PGRST116} [exception]');
  });

  it('may be an error of another realm: its message describes the failure, without its name', () => {
    thrownBy(() =>
      baton.withTool({ tool: 'refund' }, () => {
        throw runInNewContext('new TypeError("card refused")');
      }),
    );
    expect(tree()).toBe('execute_tool refund ERROR(card refused) {error.type=TypeError} [exception]');
  });
});

describe('error.type', () => {
  function typeOf(error: unknown): unknown {
    thrownBy(() =>
      baton.withTool({ tool: 'refund' }, () => {
        throw error;
      }),
    );
    return recording.spans().at(-1)?.attributes['error.type'];
  }

  it('is the name that the error gives itself', () => {
    class Refused extends Error {
      override readonly name = 'Refused';
    }
    expect(typeOf(new Refused('no. 4711'))).toBe('Refused');
  });

  it('is the class of an error that leaves its name as it is', () => {
    class RefundRefused extends Error {}
    expect(typeOf(new RefundRefused('no. 4711'))).toBe('RefundRefused');
  });

  it('is the code of a system error', () => {
    expect(typeOf(Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' }))).toBe(
      'ECONNREFUSED',
    );
  });

  it('is Error where nothing says more', () => {
    expect(typeOf(new Error('no. 4711'))).toBe('Error');
  });

  it.each([
    ['a sentence', 'Refused: order 4711 of customer 12'],
    ['as long as a page', 'R'.repeat(2_000)],
  ])('is Error where the name that the error gives itself is %s', (_, name) => {
    expect(typeOf(Object.assign(new Error('no'), { name }))).toBe('Error');
  });

  it('stands on failed spans only', () => {
    inTool(() => {});
    expect(recording.spans().filter((span) => 'error.type' in span.attributes)).toEqual([]);
  });
});

describe('an abort', () => {
  const abort = (): Error => new DOMException('This operation was aborted', 'AbortError');

  const CANCELLED = `
invoke_workflow pipeline {session.status=cancelled}
  invoke_agent triage {run.status=cancelled}
    run_step check
      execute_tool refund
`.trim();

  it('cancels session and run, is an error on no span and has no exception event', () => {
    const error = abort();
    expect(
      thrownBy(() =>
        inTool(() => {
          throw error;
        }),
      ),
    ).toBe(error);
    expect(tree()).toBe(CANCELLED);
  });

  it('does so when it is the rejection of an aborted fetch', async () => {
    const controller = new AbortController();
    controller.abort();
    const rejection = await rejectionOf(inTool(() => fetch('http://127.0.0.1:9/', { signal: controller.signal })));
    expect((rejection as Error).name).toBe('AbortError');
    expect(tree()).toBe(CANCELLED);
  });

  const errorNamed = (name: string): Error => Object.assign(new Error('stopped'), { name });
  const ofClass = (name: string): Error => new (({ [name]: class extends Error {} })[name] as new () => Error)();

  it.each(
    ['APIUserAbortError', 'CanceledError', 'CancelledError', 'CancelError', 'CancellationError'].flatMap((name) => [
      ['name', errorNamed(name)] as const,
      ['class', ofClass(name)] as const,
    ]),
  )('does so when a client says it with a %s of its own: %p', (_, error) => {
    thrownBy(() =>
      inTool(() => {
        throw error;
      }),
    );
    expect(tree()).toBe(CANCELLED);
  });

  it.each(['TransactionAbortedError', 'TransactionCanceledException', 'AbortErrorHandlerFailed'])(
    'is none where the name says that something else was given up: %s',
    (name) => {
      thrownBy(() =>
        inTool(() => {
          throw errorNamed(name);
        }),
      );
      expect(tree()).not.toContain('cancelled');
    },
  );

  it('does so when Node throws it, with its code', () => {
    thrownBy(() =>
      inTool(() => {
        throw Object.assign(new Error('The operation was aborted'), { code: 'ABORT_ERR' });
      }),
    );
    expect(tree()).toBe(CANCELLED);
  });

  it('does so when it ends an async generator', async () => {
    const stream = inTool(async function* () {
      yield 1;
      throw abort();
    });
    await rejectionOf(
      (async () => {
        for await (const _ of stream);
      })(),
    );
    expect(tree()).toBe(CANCELLED);
  });

  it('inside a run that goes on leaves the run completed', () => {
    baton.withRun({}, () => {
      thrownBy(() =>
        baton.withTool({ tool: 'refund' }, () => {
          throw abort();
        }),
      );
    });
    expect(tree()).toBe('invoke_agent triage {run.status=completed}\n  execute_tool refund');
  });

  it('is what fail() makes of one, too', () => {
    const run = baton.startRun({});
    run.fail(abort());
    expect(tree()).toBe('invoke_agent triage {run.status=cancelled}');
  });

  it('is no timeout: that is a failure', () => {
    thrownBy(() =>
      baton.withTool({ tool: 'refund' }, () => {
        throw new DOMException('too slow', 'TimeoutError');
      }),
    );
    expect(named('execute_tool refund').attributes['error.type']).toBe('TimeoutError');
    expect(named('execute_tool refund').status.code).toBe(2);
  });
});

describe('fail() of a started span', () => {
  it('records the error like a callback that throws, once', () => {
    const error = new TypeError('card refused');
    const session = baton.startSession({ kind: 'pipeline' });
    const run = session.within(() => baton.startRun({}));
    const step = run.within(() => baton.startWorkflowStep({ stepKey: 'check' }));
    const tool = step.within(() => baton.startTool({ tool: 'refund' }));
    for (const handle of [tool, step, run, session]) handle.fail(error);
    for (const handle of [tool, step, run, session]) handle.fail(new RangeError('later'));
    expect(tree()).toBe(FAILED);
  });
});

describe('captureError', () => {
  it('writes a redacted exception event on the innermost scope, and fails nothing', () => {
    inTool(() => baton.captureError({ error: new TypeError('token: abc123'), metadata: { attempt: 2 } }));
    expect(tree()).toBe(
      `
invoke_workflow pipeline {session.status=completed}
  invoke_agent triage {run.status=completed}
    run_step check
      execute_tool refund [exception]
`.trim(),
    );
    expect(named('execute_tool refund').events[0]?.attributes).toEqual({
      'exception.type': 'TypeError',
      'exception.message': 'token: [REDACTED]',
      'exception.stacktrace': expect.stringContaining('TypeError: token: [REDACTED]'),
      'baton.metadata.attempt': 2,
    });
  });

  it('writes it on the run that is named, from anywhere', () => {
    const run = baton.startRun({});
    baton.captureError({ runId: run.id, error: 'no answer' });
    run.end();
    expect(tree()).toBe('invoke_agent triage {run.status=completed} [exception]');
  });

  it('tells an error once, also when it is thrown on after all', () => {
    const error = new TypeError('no answer');
    expect(() =>
      inTool(() => {
        baton.captureError({ error });
        throw error;
      }),
    ).toThrow(error);
    expect(exceptions()).toEqual(['execute_tool refund']);
    expect(named('execute_tool refund').attributes['error.type']).toBe('TypeError');
  });

  it('takes whatever was caught', () => {
    for (const error of [undefined, null, 0, Symbol('x'), {}, () => {}]) {
      expect(() => baton.withTool({ tool: 'refund' }, () => baton.captureError({ error }))).not.toThrow();
    }
    expect(exceptions()).toEqual(Array(6).fill('execute_tool refund'));
  });
});

describe('the same error object', () => {
  const error = new TypeError('no connection');

  async function failing(kind: string): Promise<unknown> {
    return rejectionOf(
      baton.withSession({ kind }, () =>
        baton.withRun({}, () => baton.withTool({ tool: `${kind}_tool` }, () => Promise.reject(error))),
      ),
    );
  }

  it('thrown in one session after another has one exception event in each', async () => {
    for (const kind of ['first', 'second', 'first']) expect(await failing(kind)).toBe(error);
    expect(exceptions()).toEqual(['execute_tool first_tool', 'execute_tool second_tool', 'execute_tool first_tool']);
  });

  it('on its way up in several sessions at once has one exception event in each, on the innermost span', async () => {
    const kinds = ['a', 'b', 'c', 'd'];
    const rejections = await Promise.all(kinds.map(failing));
    expect(rejections.every((rejection) => rejection === error)).toBe(true);
    expect(exceptions().sort()).toEqual(kinds.map((kind) => `execute_tool ${kind}_tool`));
  });

  it('fails every span that it passes through', async () => {
    await Promise.all(['a', 'b'].map(failing));
    expect(recording.spans().map(({ status }) => status)).toEqual(Array(6).fill({ code: 2, message: 'no connection' }));
  });
});

describe('a handoff that failed', () => {
  it('is an error on its span and its answer, with a redacted exception event on the answer', () => {
    baton.withRun({}, () => {
      baton.trackHandoffRequested({ target: 'billing' });
      baton.withChildRun({ agent: 'billing' }, () =>
        baton.trackHandoffFailed({ error: new TypeError('password: hunter2') }),
      );
    });
    expect(tree()).toBe(
      `
invoke_agent triage {run.status=completed}
  handoff billing PRODUCER ERROR(password: [REDACTED]) {error.type=TypeError}
    fail_handoff triage CONSUMER ERROR(password: [REDACTED]) {error.type=TypeError} [exception]
  invoke_agent billing {run.status=completed} --handoff--> handoff billing [baton.handoff.failed]
`.trim(),
    );
  });

  it('says what went wrong on the event of the run that reports it, where nobody took over', () => {
    baton.withRun({}, () => {
      const handoff = baton.trackHandoffRequested({ target: 'billing' });
      baton.trackHandoffFailed({ handoffId: handoff.id, error: new TypeError('password: hunter2') });
    });
    expect(tree()).toBe(
      `
invoke_agent triage {run.status=completed} [baton.handoff.failed]
  handoff billing PRODUCER ERROR(password: [REDACTED]) {error.type=TypeError}
`.trim(),
    );
    expect(named('invoke_agent triage').events[0]?.attributes).toMatchObject({
      'exception.type': 'TypeError',
      'exception.message': 'password: [REDACTED]',
    });
  });

  it('has a word for error.type when the app gives no error', () => {
    baton.withRun({}, () => {
      const handoff = baton.trackHandoffRequested({ target: { kind: 'human', key: 'supervisor' } });
      baton.trackHandoffFailed({ handoffId: handoff.id });
    });
    expect(named('fail_handoff triage').attributes['error.type']).toBe('handoff_failed');
  });
});
