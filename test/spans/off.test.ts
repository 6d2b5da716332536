import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { context, createContextKey, type TracerProvider, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { Baton, type BatonOptions, type BatonWarning, type Session } from '../../src/index.ts';
import { Recording, type RecordingOptions } from '../support/recording.ts';
import { spanTree } from '../support/span-tree.ts';

let recording: Recording | undefined;
let warnings: BatonWarning[];

beforeEach(() => {
  warnings = [];
});

afterEach(async () => {
  await recording?.stop();
  recording = undefined;
  trace.disable();
  context.disable();
});

function record(options?: RecordingOptions): Recording {
  recording = new Recording();
  recording.start(options);
  return recording;
}

function batonWith(options: Partial<BatonOptions> = {}): Baton {
  return new Baton({ agent: 'triage', onWarning: (warning) => warnings.push(warning), ...options });
}

/** The key that OpenTelemetry's SDK looks at: what is exported must not be traced itself. */
const SUPPRESSED = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** Samples everything but spans of this name, and what is below them. */
function allBut(name: string): Sampler {
  const root: Sampler = {
    shouldSample: (_, __, spanName) => ({
      decision: spanName === name ? SamplingDecision.NOT_RECORD : SamplingDecision.RECORD_AND_SAMPLED,
    }),
    toString: () => `all but ${name}`,
  };
  return new ParentBasedSampler({ root, localParentSampled: root });
}

const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[01]$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The ways in which nothing is recorded. */
const OFF: Record<string, { options?: Partial<BatonOptions>; around?: <T>(fn: () => T) => T; start?: () => void }> = {
  'enabled: false': { options: { enabled: false }, start: () => void record() },
  "mode: 'off'": { options: { mode: 'off' }, start: () => void record() },
  'no provider': { start: () => void context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()) },
  'no provider and no context manager': {},
  'suppressed tracing': {
    start: () => void record(),
    around: (fn) => context.with(context.active().setValue(SUPPRESSED, true), fn),
  },
  'a sampler that drops everything': { start: () => void record({ sampler: new AlwaysOffSampler() }) },
  'a sampler that drops everything, and no context manager': {
    start: () => void record({ sampler: new AlwaysOffSampler(), contextManager: false }),
  },
};

describe.each(Object.entries(OFF))('with %s', (_, { options, around = (fn) => fn(), start }) => {
  beforeEach(() => start?.());

  /** A pipeline in which everything is used, with ids as in the seeds; gives the ids that it saw. */
  async function everything(baton: Baton): Promise<{ ids: string[]; results: unknown[] }> {
    const ids: string[] = [];
    const results: unknown[] = [];
    const result = await around(() =>
      baton.withSession({ id: 'T-1', kind: 'pipeline' }, async (session) => {
        session.setOutputSummary('done');
        session.setMetadata({ a: 1 });
        results.push(session.id, session.handoffs.count, session.handoffs.path(), [...session.handoffs].length);
        await baton.withRun({ sessionId: session.id, stepKey: 'orchestrator' }, async (run) => {
          ids.push(run.id);
          run.setUsage({ inputTokens: 1 });
          run.setAgent('other');
          results.push(
            baton.withWorkflowStep({ runId: run.id, stepKey: 'check' }, (step) => {
              step.setPayloadSummary('a');
              return 'step';
            }),
          );
          const handoff = baton.trackHandoffRequested({ sessionId: session.id, sourceRunId: run.id, reason: 'Draft' });
          ids.push(handoff.id);
          await baton.withChildRun(
            { sessionId: session.id, parentRunId: run.id, stepKey: 'worker' },
            async (worker) => {
              ids.push(worker.id);
              baton.trackHandoffCompleted({ sessionId: session.id, runId: worker.id });
              results.push(
                baton.withTool({ runId: worker.id, tool: 'reply' }, (call) => {
                  call.setResult('a');
                  call.setCached(true);
                  return 'tool';
                }),
              );
              results.push(
                await baton.withLlmCall({ runId: worker.id, model: 'gpt-5.5' }, async (call) => {
                  call.setResponse({ id: 'a' });
                  return 'model';
                }),
              );
              baton.track({ runId: worker.id, type: 'note' });
              baton.captureError({ runId: worker.id, error: new Error('handled') });
            },
          );
        });
        return 'session';
      }),
    );
    results.push(result);
    return { ids, results };
  }

  it('runs the callbacks, gives their results, and records nothing', async () => {
    const { results } = await everything(batonWith(options));
    expect(results).toEqual(['T-1', 0, '', 0, 'step', 'tool', 'model', 'session']);
    expect(recording?.spans() ?? []).toEqual([]);
  });

  it('warns of nothing that is right when it is recorded, nor throws for it in strict mode', async () => {
    await everything(batonWith({ ...options, strict: true }));
    await everything(batonWith(options));
    expect(warnings).toEqual([]);
  });

  it('warns of nothing where the async context is enough when it is recorded', () => {
    const baton = batonWith(options);
    around(() =>
      baton.withSession({}, () =>
        baton.withRun({}, () => {
          baton.withWorkflowStep({ stepKey: 'check' }, () => {});
          baton.trackHandoffRequested({ target: 'billing' });
          baton.withChildRun({ agent: 'billing' }, () => {
            baton.trackHandoffCompleted();
            baton.withTool({ tool: 'reply' }, () => baton.track({ type: 'note' }));
          });
        }),
      ),
    );
    // Without a context manager the ids are missing, whether it is recorded or not.
    if (!/no context manager/.test(_)) expect(warnings).toEqual([]);
  });

  it('gives ids that are unique and valid in form', async () => {
    const baton = batonWith(options);
    const ids: string[] = [];
    for (let time = 0; time < 50; time++) ids.push(...(await everything(baton)).ids);
    expect(ids.filter((id) => !TRACEPARENT.test(id))).toEqual([]);
    expect(new Set(ids).size).toBe(150);
  });

  it('keeps the session id that the app gave, and else gives a random one', () => {
    const baton = batonWith(options);
    around(() => {
      expect(baton.withSession({ id: 'T-1' }, ({ id }) => id)).toBe('T-1');
      expect(baton.withSession({ sessionId: 'T-1' }, ({ id }) => id)).toBe('T-1');
      expect(baton.withRun({ sessionId: 'T-1' }, ({ sessionId }) => sessionId)).toBe('T-1');
      const [first, second] = [baton.startSession({}), baton.startSession({})];
      expect(first.id).toMatch(UUID);
      expect(first.id).toBe(first.id);
      expect(first.id).not.toBe(second.id);
      expect(baton.withRun({}, ({ sessionId }) => sessionId)).toMatch(UUID);
    });
  });

  it('throws the callback’s own error on', async () => {
    const error = new Error('the app’s own');
    const baton = batonWith(options);
    expect(
      thrownBy(() =>
        around(() =>
          baton.withSession({}, () => {
            throw error;
          }),
        ),
      ),
    ).toBe(error);
    await expect(around(() => baton.withRun({}, () => Promise.reject(error)))).rejects.toBe(error);
  });

  it('gives streams and generators back as they are, and promises of the same value', async () => {
    const baton = batonWith(options);
    const value = {};
    expect(await around(() => baton.withRun({}, () => Promise.resolve(value)))).toBe(value);
    const lazy = {
      stream: new ReadableStream(),
      generator: (async function* () {})(),
    };
    for (const value of Object.values(lazy)) expect(around(() => baton.withRun({}, () => value))).toBe(value);
  });

  it('has handles that can be ended, failed, disposed and entered', async () => {
    const baton = batonWith(options);
    for (const handle of around(() => [
      baton.startSession({}),
      baton.startRun({}),
      baton.startTool({ tool: 'reply' }),
    ])) {
      expect(handle.within(() => 'inside')).toBe('inside');
      handle.fail(new Error('no'));
      handle.end();
      handle[Symbol.dispose]();
      await handle[Symbol.asyncDispose]();
    }
    expect(recording?.spans() ?? []).toEqual([]);
  });

  it('gives a carrier that the other process can take, where something is recorded', async () => {
    const carrier = around(() =>
      batonWith(options).withSession({ id: 'T-1' }, () =>
        batonWith(options).withRun({ sessionId: 'T-1' }, (run) =>
          batonWith(options)
            .trackHandoffRequested({ sessionId: 'T-1', sourceRunId: run.id, target: 'billing' })
            .carrier(),
        ),
      ),
    );
    await recording?.stop();
    recording = undefined;
    trace.disable();
    context.disable();
    const { spans } = record({ sampler: new AlwaysOnSampler() });
    warnings.length = 0;
    batonWith().withRun({ carrier: JSON.parse(JSON.stringify(carrier)), agent: 'billing' }, () => {});
    expect(warnings).toEqual([]);
    expect(spans().map(({ name, attributes }) => [name, attributes['session.id']])).toEqual([
      ['invoke_agent billing', 'T-1'],
    ]);
  });

  it('flushes and shuts down at once', async () => {
    const baton = batonWith(options);
    expect(await baton.flush()).toBe(true);
    expect(await baton.shutdown()).toBe(true);
    expect(await baton.shutdown()).toBe(true);
  });
});

describe('a session that the sampler dropped', () => {
  const dropSessions: Sampler = {
    shouldSample: (_context, _trace, name) => ({
      decision: name.startsWith('invoke_workflow') ? SamplingDecision.NOT_RECORD : SamplingDecision.RECORD_AND_SAMPLED,
    }),
  };

  it('takes all with it that names it by its id, where no context manager leads, for as long as it is open', async () => {
    const { spans, tree } = record({ sampler: dropSessions, contextManager: false });
    const baton = new Baton({ agent: 'triage' });
    const workOn = (sessionId: string): void => {
      baton.withRun({ sessionId }, (run) => {
        baton.withTool({ runId: run.id, tool: 'refund' }, () => {});
        baton.trackHandoffRequested({ sessionId, target: 'billing' });
      });
      baton.withTool({ sessionId, tool: 'search' }, () => {});
    };
    await baton.withSession({ id: 'a' }, async () => workOn('a'));
    const session = baton.startSession({ id: 'b' });
    workOn('b');
    expect(spans()).toEqual([]);
    session.end();
    baton.withRun({ sessionId: 'b', agent: 'later' }, () => {});
    baton.withRun({ sessionId: 'a', agent: 'later' }, () => {});
    expect(tree(['session.id'])).toBe('invoke_agent later {session.id=b}\ninvoke_agent later {session.id=a}');
  });
});

describe('a client without a provider', () => {
  it('says at its flush that nothing was recorded, and nothing where there was nothing to record', async () => {
    const quiet = new Baton({ agent: 'triage' });
    await quiet.flush();
    expect(quiet.warnings()).toEqual({});
    const baton = new Baton({ agent: 'triage', onWarning: (warning) => warnings.push(warning) });
    baton.withSession({}, () => baton.withRun({}, () => {}));
    await baton.shutdown();
    expect(warnings).toEqual([
      {
        code: 'no_provider',
        message:
          '2 sessions, runs, steps or calls were not recorded: no tracer provider is registered; see otel-baton doctor',
      },
    ]);
  });
});

describe('variables that may not be read', () => {
  it('count as not set, as where Deno asks for permission', () => {
    const { env } = process;
    process.env = new Proxy(env, {
      get(_, name) {
        throw new Error(`NotCapable: Requires env access to "${String(name)}"`);
      },
    });
    try {
      expect(() => new Baton({ agent: 'triage' })).not.toThrow();
    } finally {
      process.env = env;
    }
  });
});

describe('off is free', () => {
  // What a sampler sees has to be made: there the attributes of the outermost span are built.
  it.each(Object.entries(OFF).filter(([name]) => !name.includes('sampler')))(
    'reads and redacts nothing with %s',
    (_, { options, around = (fn) => fn(), start }) => {
      start?.();
      const read: string[] = [];
      const watched = {
        get text(): string {
          read.push('content');
          return 'text';
        },
      };
      const baton = batonWith({
        ...options,
        content: 'full',
        redaction: {
          redact(text, key) {
            read.push(`${key}=${text}`);
            return text;
          },
        },
      });
      read.length = 0;
      around(() =>
        baton.withSession({ kind: 'pipeline', inputSummary: watched, metadata: watched }, (session) => {
          session.setOutputSummary(watched);
          baton.withRun({ agent: 'a', inputSummary: watched }, (run) => {
            baton.withTool({ runId: run.id, tool: 'reply', arguments: watched }, (call) => call.setResult(watched));
            baton.trackHandoffRequested({ sourceRunId: run.id, payloadSummary: watched });
            baton.track({ runId: run.id, type: 'note', payload: watched });
            baton.captureError({ runId: run.id, error: new Error('handled'), metadata: watched });
          });
        }),
      );
      expect(read).toEqual([]);
    },
  );

  it('reads and redacts nothing below a span that the sampler dropped', () => {
    record({ sampler: allBut('invoke_workflow dropped') });
    let read = 0;
    const watched = {
      get text(): string {
        read++;
        return 'text';
      },
    };
    const baton = batonWith({ content: 'full' });
    baton.withSession({ kind: 'dropped' }, () =>
      baton.withRun({ inputSummary: watched, metadata: watched }, () => {
        baton.withTool({ tool: 'reply', arguments: watched }, (call) => call.setResult(watched));
        baton.trackHandoffRequested({ payloadSummary: watched });
        baton.track({ type: 'note', payload: watched });
      }),
    );
    expect(read).toBe(0);
  });

  it.each([
    ['BATON_MODE', 'off'],
    ['BATON_ENABLED', 'false'],
    ['BATON_ENABLED', '0'],
    ['OTEL_SDK_DISABLED', 'true'],
  ])('may be said by the environment: %s=%s', (name, value) => {
    const { spans } = record();
    process.env[name] = value;
    try {
      expect(batonWith().withSession({}, () => 'result')).toBe('result');
      batonWith({ mode: 'monitor', enabled: true }).withSession({ kind: 'said' }, () => {});
    } finally {
      delete process.env[name];
    }
    expect(spans().map((span) => span.name)).toEqual(['invoke_workflow said']);
  });
});

describe('below a span that the sampler dropped', () => {
  it('nothing is recorded, ours or foreign', async () => {
    const { spans } = record({ sampler: allBut('invoke_agent dropped') });
    const baton = batonWith();
    await baton.withSession({ kind: 'pipeline' }, async () => {
      await baton.withRun({ agent: 'dropped' }, async (run) => {
        await Promise.resolve();
        trace.getTracer('app').startSpan('foreign').end();
        baton.withTool({ tool: 'reply' }, () => trace.getTracer('app').startSpan('foreign in tool').end());
        baton.withTool({ runId: run.id, tool: 'by id' }, () => {});
        baton.withChildRun({ parentRunId: run.id, agent: 'child' }, () => {});
        const handoff = baton.trackHandoffRequested({ target: 'billing' });
        baton.withChildRun({ agent: 'billing', handoffId: handoff.id }, () => baton.trackHandoffCompleted());
      });
      await baton.withRun({ agent: 'kept' }, async () => trace.getTracer('app').startSpan('foreign kept').end());
    });
    expect(spanTree(spans())).toBe('invoke_workflow pipeline\n  invoke_agent kept\n    foreign kept');
    expect(warnings).toEqual([]);
  });

  it('nothing is recorded where the ids alone say so', () => {
    const { spans } = record({ sampler: allBut('invoke_agent dropped'), contextManager: false });
    const baton = batonWith();
    const run = baton.startRun({ agent: 'dropped' });
    expect(run.id).toMatch(/-00$/);
    baton.withTool({ runId: run.id, tool: 'by id' }, () => {});
    baton.withChildRun({ parentRunId: run.id, agent: 'child' }, () => {});
    run.end();
    expect(spanTree(spans())).toBe('');
    expect(warnings).toEqual([]);
  });

  it('a run that names a recorded run is recorded', () => {
    const { spans } = record({ sampler: allBut('invoke_agent dropped') });
    const baton = batonWith();
    const kept = baton.startRun({ agent: 'kept' });
    baton.withRun({ agent: 'dropped' }, () => baton.withTool({ runId: kept.id, tool: 'reply' }, () => {}));
    kept.end();
    expect(spanTree(spans())).toBe('invoke_agent kept\n  execute_tool reply');
  });
});

describe('a provider', () => {
  it('may be registered late: what starts from then on is recorded', () => {
    const baton = batonWith();
    const early = baton.startSession({ kind: 'early' });
    const { spans } = record();
    baton.withSession({ kind: 'late' }, () => baton.withRun({}, () => {}));
    early.end();
    expect(spanTree(spans())).toBe('invoke_workflow late\n  invoke_agent triage');
  });

  it('may be registered while a session is open: its runs are recorded, by its id', () => {
    const baton = batonWith();
    const session = baton.startSession({ id: 'T-1' });
    const { spans } = record();
    session.within(() => baton.withRun({ sessionId: session.id }, () => {}));
    expect(spans().map(({ attributes }) => attributes['session.id'])).toEqual(['T-1']);
    expect(warnings).toEqual([]);
  });

  it('may be replaced by another one', async () => {
    const baton = batonWith();
    const first = record();
    baton.withRun({ agent: 'a' }, () => {});
    expect(first.spans()).toHaveLength(1);
    await first.stop();
    const second = record();
    baton.withRun({ agent: 'b' }, () => {});
    expect(second.spans().map(({ name }) => name)).toEqual(['invoke_agent b']);
  });

  it('may be given: nothing goes to the global one', () => {
    const { spans } = record();
    const exporter = new InMemorySpanExporter();
    const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    batonWith({ tracerProvider }).withRun({}, () => {});
    expect(spans()).toEqual([]);
    expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['invoke_agent triage']);
  });

  it.each<[string, () => never]>([
    [
      'has no tracer',
      () => {
        throw new Error('no tracer');
      },
    ],
    ['gives none', () => undefined as never],
    ['gives a tracer that starts nothing', () => ({ startSpan: () => undefined }) as never],
  ])('that %s costs no callback', (_, getTracer) => {
    const baton = batonWith({ tracerProvider: { getTracer } });
    const result = baton.withSession({}, () =>
      baton.withRun({}, () => baton.withTool({ tool: 'reply' }, () => 'result')),
    );
    expect(result).toBe('result');
  });
});

/** A provider that does nothing but be flushed in its own way. */
function flushing(forceFlush: () => unknown): TracerProvider {
  return Object.assign(new BasicTracerProvider(), { forceFlush: forceFlush as () => Promise<void> });
}

describe.each(['flush', 'shutdown'] as const)('%s', (method) => {
  it('hands what has ended to the provider, and says so', async () => {
    let flushed = 0;
    const baton = batonWith({ tracerProvider: flushing(async () => void flushed++) });
    expect(await baton[method]()).toBe(true);
    expect(flushed).toBe(1);
    expect(warnings).toEqual([]);
  });

  it.each<[string, () => unknown]>([
    ['rejects', () => Promise.reject(new Error('no collector'))],
    ['rejects with many errors', () => Promise.reject([new Error('no collector'), new Error('b')])],
    ['rejects with nothing', () => Promise.reject()],
    [
      'throws',
      () => {
        throw new Error('no collector');
      },
    ],
  ])('never rejects: a provider that %s is a false and one warning', async (_, forceFlush) => {
    const baton = batonWith({ tracerProvider: flushing(forceFlush) });
    expect(await baton[method]()).toBe(false);
    expect(warnings.map(({ code }) => code)).toEqual(['telemetry_failed']);
  });

  it('takes a provider that flushes at once, without a promise', async () => {
    expect(await batonWith({ tracerProvider: flushing(() => undefined) })[method]()).toBe(true);
    expect(warnings).toEqual([]);
  });

  it('takes a provider that cannot be flushed', async () => {
    const { provider } = record();
    const tracerProvider: TracerProvider = { getTracer: (...given) => provider.getTracer(...given) };
    expect(await batonWith({ tracerProvider })[method]()).toBe(true);
  });

  it('does not wait longer than it is told for a provider that hangs', async () => {
    const tracerProvider = flushing(() => new Promise(() => {}));
    const [short, long] = [batonWith({ tracerProvider }), batonWith({ tracerProvider })];
    const ended: string[] = [];
    await Promise.all([
      long[method]({ timeoutMs: 60 }).then((flushed) => ended.push(`long ${flushed}`)),
      short[method]({ timeoutMs: 20 }).then((flushed) => ended.push(`short ${flushed}`)),
    ]);
    expect(ended).toEqual(['short false', 'long false']);
    const warning = { code: 'telemetry_failed', message: expect.stringMatching(/flush.*time limit/) };
    expect(warnings).toEqual([warning, warning]);
  });

  it('leaves no timer behind that keeps the process alive', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    await batonWith({ tracerProvider: flushing(async () => {}) })[method]();
    expect(timers()).toBe(before);
  });

  it('does not let a provider’s late failure go unhandled', async () => {
    const unhandled: unknown[] = [];
    const listener = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', listener);
    const late = (): Promise<void> => new Promise((_, reject) => setTimeout(reject, 20, new Error('late')));
    await batonWith({ tracerProvider: flushing(late) })[method]({ timeoutMs: 5 });
    await new Promise((done) => setTimeout(done, 40));
    process.off('unhandledRejection', listener);
    expect(unhandled).toEqual([]);
  });

  it.each([null, undefined, 5, 'text', { timeoutMs: 'soon' }, { timeoutMs: -1 }, { timeoutMs: Number.NaN }])(
    'takes %j in the place of its options',
    async (options) => {
      expect(typeof (await batonWith({ tracerProvider: flushing(async () => {}) })[method](options as never))).toBe(
        'boolean',
      );
    },
  );

  it('waits for as long as it takes when it is told Infinity', async () => {
    const slow = (): Promise<void> => new Promise((done) => setTimeout(done, 20));
    expect(await batonWith({ tracerProvider: flushing(slow) })[method]({ timeoutMs: Number.POSITIVE_INFINITY })).toBe(
      true,
    );
  });

  it('may be called twice, and at the same time', async () => {
    const baton = batonWith({ tracerProvider: flushing(async () => {}) });
    expect(await Promise.all([baton[method](), baton[method]()])).toEqual([true, true]);
    expect(await baton[method]()).toBe(true);
  });
});

describe('shutdown', () => {
  it('ends the sessions that are open, and marks what they leave open', async () => {
    const { spans } = record();
    const baton = batonWith();
    const session = baton.startSession({ kind: 'pipeline' });
    const run = session.within(() => baton.startRun({}));
    run.within(() => baton.startWorkflowStep({ stepKey: 'check' })).within(() => baton.startTool({ tool: 'reply' }));
    run.within(() => baton.trackHandoffRequested({ target: 'billing' }));
    await baton.shutdown();
    expect(
      spanTree(spans(), {
        show: ['baton.session.status', 'baton.run.status', 'baton.abandoned', 'baton.handoff.status'],
      }),
    ).toBe(
      `
invoke_workflow pipeline {session.status=cancelled}
  invoke_agent triage {run.status=abandoned}
    run_step check {baton.abandoned=true}
      execute_tool reply {baton.abandoned=true}
    handoff billing PRODUCER {handoff.status=requested}
`.trim(),
    );
  });

  it('ends the runs that are open outside any session', async () => {
    const { spans } = record();
    const baton = batonWith();
    baton.startRun({}).within(() => baton.startTool({ tool: 'reply' }));
    await baton.shutdown();
    expect(spanTree(spans(), { show: ['baton.run.status', 'baton.abandoned'] })).toBe(
      'invoke_agent triage {run.status=abandoned}\n  execute_tool reply {baton.abandoned=true}',
    );
  });

  it('ends them before it flushes, so that they are exported', async () => {
    const exporter = new InMemorySpanExporter();
    const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    const seen: string[] = [];
    const forceFlush = async (): Promise<void> =>
      void seen.push(...exporter.getFinishedSpans().map(({ name }) => name));
    const baton = batonWith({ tracerProvider: Object.assign(tracerProvider, { forceFlush }) });
    baton.startSession({ kind: 'pipeline' });
    await baton.shutdown();
    expect(seen).toEqual(['invoke_workflow pipeline']);
  });

  it('leaves the other clients’ sessions open', async () => {
    const { spans } = record();
    const other = batonWith();
    const session = other.startSession({ kind: 'other' });
    await batonWith().shutdown();
    expect(spans()).toEqual([]);
    session.end();
    expect(spans().map(({ name }) => name)).toEqual(['invoke_workflow other']);
  });

  it('records nothing from then on, while callbacks run and handles work', async () => {
    const { spans } = record();
    const baton = batonWith();
    let session: Session | undefined;
    baton.withSession({ kind: 'before' }, (handle) => {
      session = handle;
    });
    await baton.shutdown();
    expect(baton.withSession({ id: 'T-1', kind: 'after' }, ({ id }) => id)).toBe('T-1');
    expect(baton.withRun({}, () => baton.withTool({ tool: 'reply' }, () => 'result'))).toBe('result');
    baton.trackHandoffRequested({ target: 'billing' });
    baton.track({ type: 'note' });
    session?.end();
    expect(spans().map(({ name }) => name)).toEqual(['invoke_workflow before']);
    expect(warnings).toEqual([]);
  });

  it('in the middle of a callback ends its session, and the callback’s result comes back', async () => {
    const { spans } = record();
    const baton = batonWith();
    const result = await baton.withSession({ kind: 'pipeline' }, async () => {
      await baton.shutdown();
      return baton.withRun({}, () => 'result');
    });
    expect(result).toBe('result');
    expect(spans().map(({ name }) => name)).toEqual(['invoke_workflow pipeline']);
  });

  it('leaves the provider to the app', async () => {
    const { provider, spans } = record();
    await batonWith().shutdown();
    provider.getTracer('app').startSpan('foreign').end();
    expect(spans().map(({ name }) => name)).toEqual(['foreign']);
  });
});

function thrownBy(fn: () => unknown): unknown {
  try {
    fn();
  } catch (error) {
    return error;
  }
  return undefined;
}
