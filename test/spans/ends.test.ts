import { describe, expect, it } from '@jest/globals';
import { context, type Span, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { type Baton, BatonError, type BatonOptions } from '../../src/index.ts';
import { recordEachTest } from '../support/recording.ts';

const recording = recordEachTest({
  propagator: new W3CTraceContextPropagator(),
  show: ['error.type', 'baton.cancelled', 'baton.run.status', 'baton.session.status'],
});
const { tree, client: batonWith } = recording;

/** The codes of what it warned of. */
const warnings = (): string[] => recording.warnings.map(({ code }) => code);

function attempt(fn: () => unknown): unknown {
  try {
    return fn();
  } catch (error) {
    return error;
  }
}

/** Throws it in a tool, in a step, in a run, in a session. */
function throwInside(baton: Baton, thrown: unknown, signal?: AbortSignal): unknown {
  return attempt(() =>
    baton.withSession({ kind: 'pipeline' }, () =>
      baton.withRun({ signal }, () =>
        baton.withWorkflowStep({ stepKey: 'check' }, () =>
          baton.withTool({ tool: 'refund' }, () => {
            throw thrown;
          }),
        ),
      ),
    ),
  );
}

const CANCELLED = `
invoke_workflow pipeline {session.status=cancelled}
  invoke_agent triage {run.status=cancelled}
    run_step check {baton.cancelled=true}
      execute_tool refund {baton.cancelled=true}
`.trim();

describe('what was stopped', () => {
  it('is cancelled on every kind of span when an AbortError says so', () => {
    const error = new DOMException('stopped', 'AbortError');
    expect(throwInside(batonWith(), error)).toBe(error);
    expect(tree()).toBe(CANCELLED);
  });

  it.each([
    ['a text', 'user pressed stop'],
    ['an error of the app’s own', new Error('user pressed stop')],
    ['nothing', undefined],
  ])('is cancelled when the signal that it was given is aborted, whatever was thrown then: %s', (_, reason) => {
    const controller = new AbortController();
    controller.abort(reason);
    throwInside(batonWith(), reason, controller.signal);
    // The session was given no signal: to it this is an error like any other.
    const inside = tree().split('\n').slice(1).join('\n');
    expect(inside).toBe(CANCELLED.split('\n').slice(1).join('\n'));
  });

  it('is failed while the signal that it was given is not aborted', () => {
    throwInside(batonWith(), new TypeError('no'), new AbortController().signal);
    expect(tree()).toContain('execute_tool refund ERROR(no) {error.type=TypeError} [exception]');
  });

  it('is completed when it was done all the same', () => {
    const controller = new AbortController();
    controller.abort();
    expect(batonWith().withRun({ signal: controller.signal }, () => 42)).toBe(42);
    expect(tree()).toBe('invoke_agent triage {run.status=completed}');
  });

  it('is cancelled by whoever cancels a stream, on all spans that end with it, the inner ones first', async () => {
    const baton = batonWith();
    const stream = baton.withSession({ kind: 'pipeline' }, () =>
      baton.withRun({}, () => baton.withTool({ tool: 'refund' }, () => new ReadableStream())),
    );
    await stream.cancel();
    expect(tree()).toBe(
      'invoke_workflow pipeline {session.status=cancelled}\n  invoke_agent triage {run.status=cancelled}\n    execute_tool refund {baton.cancelled=true}',
    );
    expect(recording.names()).toEqual(['execute_tool refund', 'invoke_agent triage', 'invoke_workflow pipeline']);
  });

  it('leaves no abandoned run in a completed session when its reader gave it up in the middle', async () => {
    const baton = batonWith();
    await baton.withSession({ kind: 'pipeline' }, async () => {
      const stream = baton.withRun({}, async function* () {
        yield 1;
        yield 2;
      });
      await stream.next();
    });
    expect(tree()).toBe(
      'invoke_workflow pipeline {session.status=completed}\n  invoke_agent triage {run.status=cancelled}',
    );
  });
});

class GraphInterrupt extends Error {
  override name = 'GraphInterrupt';
}

class ParentCommand extends Error {
  override name = 'ParentCommand';
}

describe('what a framework throws by design', () => {
  it.each<[string, unknown, string]>([
    ['LangGraph’s interrupt', new GraphInterrupt('approve the refund?'), 'suspended'],
    ['LangGraph’s command', new ParentCommand(), 'completed'],
    ['whatever LangGraph lets bubble up', Object.assign(new Error('x'), { is_bubble_up: true }), 'completed'],
    [
      'Next.js’ redirect',
      Object.assign(new Error('NEXT_REDIRECT'), { digest: 'NEXT_REDIRECT;push;/a;307;' }),
      'completed',
    ],
    ['Next.js’ notFound', Object.assign(new Error('x'), { digest: 'NEXT_HTTP_ERROR_FALLBACK;404' }), 'completed'],
    ['SvelteKit’s redirect', { status: 302, location: '/login' }, 'completed'],
    ['React Router’s redirect', new Response(null, { status: 302, headers: { location: '/login' } }), 'completed'],
  ])('is no failure: %s', (_, thrown, status) => {
    expect(throwInside(batonWith(), thrown)).toBe(thrown);
    expect(tree()).toBe(CANCELLED.replaceAll('=cancelled', `=${status}`).replaceAll(' {baton.cancelled=true}', ''));
  });

  it.each<[string, unknown]>([
    ['an error with a digest of its own', Object.assign(new Error('no'), { digest: '1234' })],
    ['an answer of a server', Object.assign(new Error('no'), { status: 503 })],
    ['a status of 304 without a place to go', Object.assign(new Error('no'), { status: 304 })],
  ])('is a failure when it only looks like it: %s', (_, thrown) => {
    throwInside(batonWith(), thrown);
    expect(tree()).toContain('ERROR(no)');
  });
});

describe('isFailure', () => {
  it('says of the app’s own errors that they are none', () => {
    const baton = batonWith({ isFailure: (error) => (error === 'enough' ? false : undefined) });
    throwInside(baton, 'enough');
    expect(tree()).not.toContain('ERROR');
    expect(tree()).toContain('run.status=completed');
    throwInside(baton, new TypeError('no'));
    expect(tree()).toContain('ERROR(no)');
  });

  it('says that it is one after all', () => {
    throwInside(batonWith({ isFailure: () => true }), new DOMException('stopped', 'AbortError'));
    expect(tree()).toContain('ERROR(stopped) {error.type=AbortError}');
  });

  it('counts as silent when it throws itself', () => {
    const isFailure = (): boolean => {
      throw new Error('broken');
    };
    throwInside(batonWith({ isFailure }), new TypeError('no'));
    expect(tree()).toContain('ERROR(no)');
    expect(warnings()).toEqual(['hook_failed']);
  });
});

function exceptionOf(thrown: unknown, options: Partial<BatonOptions> = {}): Record<string, unknown> {
  throwInside(batonWith(options), thrown);
  const events = recording.spans().flatMap((span) => span.events.filter(({ name }) => name === 'exception'));
  expect(events).toHaveLength(1);
  return events[0]?.attributes ?? {};
}

describe('the reason of an error', () => {
  it('stands in the stack trace, with its code', () => {
    const cause = Object.assign(new Error('connect failed'), { code: 'ECONNREFUSED' });
    const stack = exceptionOf(new TypeError('fetch failed', { cause }))['exception.stacktrace'];
    expect(stack).toMatch(/^TypeError: fetch failed\n {4}at .*/);
    expect(stack).toMatch(/\nCaused by: Error: connect failed \[ECONNREFUSED\]\n {4}at /);
  });

  it('stands there for each error of an AggregateError, however deep', () => {
    const error = new AggregateError([new Error('A: 429'), new Error('B: 503', { cause: 'busy' })], 'all failed');
    const stack = exceptionOf(error)['exception.stacktrace'];
    expect(stack).toMatch(/Error 1 of 2: Error: A: 429[\s\S]*Error 2 of 2: Error: B: 503[\s\S]*Caused by: busy/);
  });

  it('ends where it comes back to itself, and after sixteen', () => {
    const error = new Error('first');
    error.cause = error;
    expect(exceptionOf(error)['exception.stacktrace']).toMatch(/^Error: first/);
    let chain = new Error('0');
    for (let depth = 1; depth < 100; depth++) chain = new Error(String(depth), { cause: chain });
    recording.spans();
    throwInside(batonWith({ maxAttributeBytes: 100_000 }), chain);
    const last = recording
      .spans()
      .flatMap((span) => span.events.filter(({ name }) => name === 'exception'))
      .at(-1);
    expect(String(last?.attributes?.['exception.stacktrace']).match(/Caused by/g)).toHaveLength(16);
  });

  it('has no secret in it', () => {
    const error = new Error('no', { cause: new Error('password=hunter2hunter2') });
    expect(JSON.stringify(exceptionOf(error))).not.toContain('hunter2');
  });

  it('may be what cannot be read', () => {
    const cause = new Proxy(
      {},
      {
        get() {
          throw new Error('mine');
        },
      },
    );
    expect(exceptionOf(new Error('no', { cause }))['exception.stacktrace']).toContain('Caused by: ');
  });
});

it('has one exception event per error, also through sessions inside of each other', () => {
  const baton = batonWith();
  attempt(() =>
    baton.withRun({}, () =>
      baton.withSession({ kind: 'pipeline' }, () =>
        baton.withRun({ agent: 'b' }, () => {
          throw new Error('no');
        }),
      ),
    ),
  );
  expect(recording.spans().flatMap((span) => span.events.map(() => span.name))).toEqual(['invoke_agent b']);
});

describe('options that cannot be read', () => {
  const broken = {
    get stepKey(): string {
      throw new Error('mine');
    },
  };

  it('cost the field alone, and record the rest once', () => {
    batonWith().withRun(
      {
        ...{ agent: 'b' },
        get stepKey(): string {
          throw new Error('mine');
        },
      },
      () => {},
    );
    expect(tree()).toBe('invoke_agent b {run.status=completed}');
    expect(warnings()).toEqual(['invalid_input']);
  });

  it('cost the field alone when they are inside of a field', () => {
    const usage = {
      get inputTokens(): number {
        throw new Error('mine');
      },
      outputTokens: 7,
    };
    batonWith().withRun({}, () => batonWith().withLlmCall({ model: 'm', usage }, () => {}));
    expect(tree()).toBe('invoke_agent triage {run.status=completed}\n  chat m CLIENT');
    const chat = recording.spans().find(({ name }) => name === 'chat m') as ReadableSpan;
    expect(chat.attributes['gen_ai.usage.output_tokens']).toBe(7);
  });

  it('are read once, also those of a class', () => {
    let reads = 0;
    class Input {
      get stepKey(): string {
        reads++;
        return `step-${reads}`;
      }
    }
    batonWith().withRun({}, () => batonWith().withChildRun(new Input(), () => {}));
    expect(reads).toBe(1);
    expect(tree()).toContain('invoke_agent step-1');
  });

  it('reject in strict mode, where the callback is async, and throw where it is not', async () => {
    const baton = batonWith({ strict: true });
    expect(attempt(() => baton.withRun(broken, () => {}))).toBeInstanceOf(BatonError);
    const promise = attempt(() => baton.withRun(broken, async () => {}));
    expect(promise).toBeInstanceOf(Promise);
    await expect(promise).rejects.toBeInstanceOf(BatonError);
  });
});

it('leaves no span open, and no call of the app hurt, when every method of a vendor’s span throws', () => {
  const open = new Set<object>();
  const broken = (span: Span): Span =>
    new Proxy(span, {
      get(target, name, receiver) {
        if (name === 'spanContext' || name === 'isRecording') return Reflect.get(target, name, receiver).bind(target);
        if (name === 'end') return () => void open.delete(target);
        return () => {
          throw new Error(`${String(name)} is broken`);
        };
      },
    });
  const { provider } = recording;
  const tracerProvider = {
    getTracer: (name: string) => {
      const tracer = provider.getTracer(name);
      return {
        startSpan: (...given: Parameters<typeof tracer.startSpan>) => {
          const span = tracer.startSpan(...given);
          open.add(span);
          return broken(span);
        },
        startActiveSpan: tracer.startActiveSpan.bind(tracer) as typeof tracer.startActiveSpan,
      };
    },
  };
  const baton = batonWith({ tracerProvider });
  expect(throwInside(baton, 'mine')).toBe('mine');
  expect(
    baton.withSession({ kind: 'pipeline' }, () =>
      baton.withRun({}, (run) => {
        run.setAgent('other');
        run.setMetadata({ a: 1 });
        baton.track({ type: 'x' });
        baton.trackHandoffRequested({ target: 'billing' });
        return baton.withChildRun({ agent: 'billing' }, () => baton.withApproval({ tool: 't' }, () => true));
      }),
    ),
  ).toBe(true);
  expect(open.size).toBe(0);
  expect(new Set(warnings())).toEqual(new Set(['telemetry_failed']));
});

describe('a run with the headers of a request', () => {
  it('hangs below the span of the server that took the request, when that is in the trace of the headers', () => {
    const baton = batonWith();
    const sender = batonWith();
    const carrier = sender.withRun({ agent: 'sender' }, () =>
      sender.trackHandoffRequested({ target: 'triage', mode: 'return_to_caller' }).carrier(),
    );
    const remote = trace.wrapSpanContext({
      traceId: String(carrier.traceparent).slice(3, 35),
      spanId: String(carrier.traceparent).slice(36, 52),
      traceFlags: 1,
      isRemote: true,
    });
    const server = trace.getTracer('http').startSpan('POST', {}, trace.setSpan(context.active(), remote));
    context.with(trace.setSpan(context.active(), server), () => baton.withRun({ carrier }, () => {}));
    server.end();
    expect(tree()).toMatch(/\n {2}POST\n {4}invoke_agent triage \{run\.status=completed\}/);
  });

  it('hangs below the sender, when the server’s span is in a trace of its own', () => {
    const baton = batonWith();
    const carrier = baton.withRun({ agent: 'sender' }, () =>
      baton.trackHandoffRequested({ target: 'triage' }).carrier(),
    );
    const server = trace.getTracer('http').startSpan('POST');
    context.with(trace.setSpan(context.active(), server), () => baton.withRun({ carrier }, () => {}));
    server.end();
    expect(tree()).toMatch(/invoke_agent sender .*\n(?: {2}.*\n)* {2}invoke_agent triage/);
  });
});

it('makes no agents of a thousand steps: past a hundred, such runs belong to the agent around', () => {
  const baton = batonWith();
  baton.withRun({}, () => {
    for (let ticket = 0; ticket < 150; ticket++) baton.withChildRun({ stepKey: `ticket-${ticket}` }, () => {});
    baton.withChildRun({ stepKey: 'ticket-7' }, () => {});
    baton.withChildRun({ stepKey: 'ticket-149', agent: 'worker' }, () => {});
  });
  const agents = recording.spans().map(({ attributes }) => attributes['baton.agent.key']);
  expect(new Set(agents).size).toBe(102);
  expect(agents.slice(100, 150)).toEqual(new Array(50).fill('triage'));
  expect(agents.slice(150, 152)).toEqual(['ticket-7', 'worker']);
  expect(warnings()).toEqual(['too_many_agents']);
});
