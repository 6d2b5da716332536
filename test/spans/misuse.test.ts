import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DiagLogLevel, diag } from '@opentelemetry/api';
import type { SpanProcessor } from '@opentelemetry/sdk-trace-base';
import fc from 'fast-check';
import { Baton, BatonError, type BatonErrorCode, type BatonOptions } from '../../src/index.ts';
import { recordEachTest } from '../support/recording.ts';

const recording = recordEachTest();
const { tree, warnings, client: batonWith } = recording;
let logged: string[];
let calls: number;

beforeEach(() => {
  logged = [];
  calls = 0;
  const ignore = (): void => {};
  const warn = (namespace: string, ...words: unknown[]): void => {
    if (namespace === 'otel-baton') logged.push(words.join(' '));
  };
  diag.setLogger(
    { verbose: ignore, debug: ignore, info: ignore, warn, error: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
});

afterEach(() => diag.disable());

const RESULT = { of: 'the callback' };

/** The app's callback: counts how often it runs. */
function call(): unknown {
  calls++;
  return RESULT;
}

/** Something that is not an object of options where one is expected. */
const NO_OPTIONS = [null, undefined, 42, 'text', true, Symbol('x'), 10n] as never[];

interface Misuse {
  readonly code: BatonErrorCode;
  /** Does it wrong, once. Gives what the app gets back from a method with a callback. */
  play(baton: Baton): unknown;
  /** The message of the warning and of the error: names the option, what was given and what to do. */
  readonly message: RegExp;
  /** How often the app's callback runs; default once. */
  readonly calls?: 0;
  /** What is recorded all the same. */
  readonly tree: string;
  readonly show?: readonly string[];
}

function endedRun(baton: Baton): string {
  const run = baton.startRun({ agent: 'ended' });
  run.end();
  return run.id;
}

const MISUSES: Record<string, Misuse> = {
  'a step in a run that has ended': {
    code: 'ended_run',
    play: (baton) => baton.withWorkflowStep({ runId: endedRun(baton), stepKey: 'late' }, call),
    message: /runId.*ended/,
    tree: 'invoke_agent ended\n  run_step late',
  },
  'a child run of a run that has ended': {
    code: 'ended_run',
    play: (baton) => baton.withChildRun({ parentRunId: endedRun(baton), agent: 'worker' }, call),
    message: /parentRunId.*ended/,
    tree: 'invoke_agent ended\n  invoke_agent worker',
  },
  'a handoff of a run that has ended': {
    code: 'ended_run',
    calls: 0,
    play: (baton) => baton.trackHandoffRequested({ sourceRunId: endedRun(baton), target: 'billing' }),
    message: /sourceRunId.*ended/,
    tree: 'invoke_agent ended\n  handoff billing PRODUCER',
  },
  'a runId that is no id': {
    code: 'unknown_run',
    play: (baton) => baton.withRun({}, () => baton.withTool({ runId: 'run-17', tool: 'search' }, call)),
    message: /runId.*expected the id of a run.*got "run-17"/,
    tree: 'invoke_agent triage\n  execute_tool search',
  },
  'a parentRunId that is no text': {
    code: 'unknown_run',
    play: (baton) => baton.withRun({ parentRunId: 17 as never }, call),
    message: /parentRunId.*expected the id of a run.*got 17/,
    tree: 'invoke_agent triage',
  },
  'a runId of nothing but zeros': {
    code: 'unknown_run',
    play: (baton) => baton.withRun({ parentRunId: `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01` }, call),
    message: /parentRunId.*expected the id of a run/,
    tree: 'invoke_agent triage',
  },
  'a runId with more behind it': {
    code: 'unknown_run',
    play: (baton) => baton.withRun({ parentRunId: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01-more` }, call),
    message: /parentRunId.*expected the id of a run/,
    tree: 'invoke_agent triage',
  },
  'a sessionId that is no text': {
    code: 'unknown_session',
    play: (baton) => baton.withRun({ sessionId: { id: 1 } as never }, call),
    message: /sessionId.*expected the id of a session.*got an object/,
    tree: 'invoke_agent triage',
  },
  'a handoffId that is no id, of a run': {
    code: 'unknown_handoff',
    play: (baton) => baton.withRun({ handoffId: 'h-1' }, call),
    message: /handoffId.*expected the id of a handoff.*got "h-1"/,
    tree: 'invoke_agent triage',
  },
  'a handoffId that is no id, of an answer': {
    code: 'unknown_handoff',
    calls: 0,
    play: (baton) => baton.withRun({}, () => baton.trackHandoffCompleted({ handoffId: 'h-1' })),
    message: /handoffId.*expected the id of a handoff.*got "h-1"/,
    tree: 'invoke_agent triage',
  },
  'an answer where nothing was asked': {
    code: 'no_handoff',
    calls: 0,
    play: (baton) => baton.withRun({}, () => baton.trackHandoffRejected()),
    message: /no open handoff.*name its handoffId/,
    tree: 'invoke_agent triage',
  },
  'a handoff picked up twice': {
    code: 'handoff_already_picked_up',
    play: (baton) =>
      baton.withRun({}, () => {
        const { id } = baton.trackHandoffRequested({ target: 'billing' });
        baton.withChildRun({ agent: 'billing', handoffId: id }, () => {});
        return baton.withChildRun({ agent: 'refunds', handoffId: id }, call);
      }),
    message: /handoffId.*picked.*up.*request one handoff for each/,
    tree: `
invoke_agent triage
  handoff billing PRODUCER
    accept_handoff triage CONSUMER
  invoke_agent billing --handoff--> handoff billing [baton.handoff.accepted]
  invoke_agent refunds`.trim(),
  },
  'a handoff answered twice': {
    code: 'handoff_already_answered',
    calls: 0,
    play: (baton) =>
      baton.withRun({}, () => {
        const { id } = baton.trackHandoffRequested({ target: 'billing' });
        baton.withChildRun({ agent: 'billing', handoffId: id }, () => {
          baton.trackHandoffRejected({ reason: 'not mine' });
          baton.trackHandoffCompleted();
        });
      }),
    message: /rejected already.*cannot be completed.*one handoff has one answer/,
    tree: `
invoke_agent triage
  handoff billing PRODUCER {handoff.status=rejected}
    reject_handoff triage CONSUMER {handoff.status=rejected}
  invoke_agent billing {handoff.status=rejected} --handoff--> handoff billing [baton.handoff.rejected]`.trim(),
    show: ['baton.handoff.status'],
  },
  'a step without a run': {
    code: 'no_run',
    play: (baton) => baton.withWorkflowStep({ stepKey: 'check' }, call),
    message: /workflow step outside any run.*runId.*withRun/,
    tree: 'run_step check {agent.key=triage}',
    show: ['baton.agent.key'],
  },
  'a step in a session, without a run': {
    code: 'no_run',
    play: (baton) => baton.withSession({ kind: 'pipeline' }, () => baton.withWorkflowStep({ stepKey: 'check' }, call)),
    message: /workflow step outside any run.*runId.*withRun/,
    tree: 'invoke_workflow pipeline\n  run_step check {agent.key=triage}',
    show: ['baton.agent.key'],
  },
  'a tool call without a run': {
    code: 'no_run',
    play: (baton) => baton.withTool({ tool: 'search' }, call),
    message: /tool call outside any run.*runId.*withRun/,
    tree: 'execute_tool search {agent.key=triage}',
    show: ['baton.agent.key'],
  },
  'a model call without a run': {
    code: 'no_run',
    play: (baton) => baton.withLlmCall({ model: 'gpt-5.5' }, call),
    message: /model call outside any run.*runId.*withRun/,
    tree: 'chat gpt-5.5 CLIENT {agent.key=triage}',
    show: ['baton.agent.key'],
  },
  'a call over MCP without a run': {
    code: 'no_run',
    play: (baton) => baton.withMcpCall({ server: 'github', tool: 'merge' }, call),
    message: /tool call outside any run.*runId.*withRun/,
    tree: 'execute_tool merge {agent.key=triage}',
    show: ['baton.agent.key'],
  },
  'a handoff without a run': {
    code: 'no_run',
    calls: 0,
    play: (baton) => baton.trackHandoffRequested({ target: 'billing' }),
    message: /handoff outside any run.*sourceRunId.*withRun/,
    tree: 'handoff billing PRODUCER {agent.key=triage handoff.status=requested}',
    show: ['baton.agent.key', 'baton.handoff.status'],
  },
  'a child run without a parent': {
    code: 'no_run',
    play: (baton) => baton.withChildRun({ stepKey: 'worker' }, call),
    message: /withChildRun outside any run.*parentRunId.*withRun/,
    tree: 'invoke_agent worker',
  },
  'an event without anything to stand on': {
    code: 'no_run',
    calls: 0,
    play: (baton) => baton.track({ type: 'ping' }),
    message: /"ping".*outside any open run/,
    tree: '',
  },
  'a carrier that is null': {
    code: 'invalid_carrier',
    play: (baton) => baton.withRun({ carrier: null as never }, call),
    message: /carrier: expected the result of handoff\.carrier\(\).*got null/,
    tree: 'invoke_agent triage',
  },
  'a carrier that is a text': {
    code: 'invalid_carrier',
    play: (baton) => baton.withRun({ carrier: 'traceparent' as never }, call),
    message: /carrier: expected the result of handoff\.carrier\(\).*got "traceparent"/,
    tree: 'invoke_agent triage',
  },
  'a carrier without a valid traceparent': {
    code: 'invalid_carrier',
    play: (baton) => baton.withRun({ carrier: { traceparent: 'nonsense', 'baton-session': 'T-1' } }, call),
    message: /carrier.*expected.*valid traceparent.*got "nonsense"/,
    tree: 'invoke_agent triage {session.id=T-1}',
    show: ['session.id'],
  },
  'a carrier whose handoff is none': {
    code: 'invalid_carrier',
    play: (baton) =>
      baton.withRun(
        { carrier: { traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`, 'baton-handoff': 'h-1' } },
        call,
      ),
    message: /carrier.*expected.*valid baton-handoff.*got "h-1"/,
    tree: 'invoke_agent triage',
  },
  'a stepIndex that is no whole number': {
    code: 'invalid_input',
    play: (baton) => baton.withRun({ stepKey: 'check', stepIndex: 1.5 }, call),
    message: /stepIndex: expected a whole number.*got 1\.5/,
    tree: 'invoke_agent triage {step.key=check}',
    show: ['baton.step.key', 'baton.step.index'],
  },
  'a stepKey that is no text': {
    code: 'invalid_input',
    play: (baton) => baton.withRun({}, () => baton.withWorkflowStep({ stepKey: {} as never, stepName: 'Check' }, call)),
    message: /stepKey: expected a string.*got an object/,
    tree: 'invoke_agent triage\n  run_step Check',
  },
  'metadata that is no object': {
    code: 'invalid_input',
    play: (baton) => baton.withRun({ metadata: 'customer 7' as never }, call),
    message: /metadata: expected an object.*got "customer 7"/,
    tree: 'invoke_agent triage',
  },
  'a setter after the end': {
    code: 'ended_scope',
    calls: 0,
    play: (baton) => {
      const run = baton.startRun({});
      run.end();
      run.setOutputSummary('too late');
    },
    message: /setter.*after the end.*call the setter earlier/,
    tree: 'invoke_agent triage',
    show: ['baton.run.output_summary'],
  },
  'a callback left out': {
    code: 'missing_callback',
    calls: 0,
    play: (baton) => baton.withRun({ agent: 'triage' }, undefined as never),
    message: /expected \(options, callback\), got undefined/,
    tree: '',
  },
  'a callback that is no function': {
    code: 'missing_callback',
    calls: 0,
    play: (baton) => baton.withRun({ agent: 'triage' }, Promise.resolve() as never),
    message: /expected \(options, callback\), got an object/,
    tree: '',
  },
  'a callback in the place of the options': {
    code: 'missing_callback',
    play: (baton) => baton.withRun(call as never, undefined as never),
    message: /expected \(options, callback\), got undefined/,
    tree: 'invoke_agent triage',
  },
};

for (const [name, misuse] of Object.entries(MISUSES)) {
  describe(name, () => {
    it('throws nothing, runs the callback once, gives its result, and records what it can', () => {
      const result = misuse.play(batonWith());
      expect(calls).toBe(misuse.calls ?? 1);
      if (calls > 0) expect(result).toBe(RESULT);
      expect(tree(misuse.show)).toBe(misuse.tree);
    });

    it(`warns once, as ${misuse.code}, however often it happens, and counts`, () => {
      const baton = batonWith();
      for (let time = 0; time < 3; time++) misuse.play(baton);
      expect(warnings).toEqual([{ code: misuse.code, message: expect.stringMatching(misuse.message) }]);
      expect(logged).toEqual([`${warnings[0]?.message} [${misuse.code}]`]);
      expect(baton.warnings()).toEqual({ [misuse.code]: 3 });
    });

    it('throws a BatonError in strict mode that names the option, what was given and what to do', () => {
      const baton = batonWith({ strict: true });
      const error = thrownBy(() => misuse.play(baton));
      expect(error).toBeInstanceOf(BatonError);
      expect(error).toMatchObject({ code: misuse.code, message: expect.stringMatching(misuse.message) });
      expect(warnings).toEqual([]);
    });
  });
}

describe('the callback', () => {
  type Method =
    | 'withSession'
    | 'withRun'
    | 'withChildRun'
    | 'withWorkflowStep'
    | 'withTool'
    | 'withLlmCall'
    | 'withMcpCall';
  const METHODS: Method[] = [
    'withSession',
    'withRun',
    'withChildRun',
    'withWorkflowStep',
    'withTool',
    'withLlmCall',
    'withMcpCall',
  ];
  const NAMES: Record<Method, string> = {
    withSession: 'invoke_workflow',
    withRun: 'invoke_agent triage',
    withChildRun: 'invoke_agent triage',
    withWorkflowStep: 'run_step',
    withTool: 'execute_tool unknown',
    withLlmCall: 'chat CLIENT',
    withMcpCall: 'execute_tool unknown',
  };

  it.each(METHODS)('of %s runs once whatever stands in the place of the options', (method) => {
    const baton = batonWith();
    for (const options of NO_OPTIONS) expect(baton[method](options, call)).toBe(RESULT);
    expect(calls).toBe(NO_OPTIONS.length);
    expect(tree()).toBe(NO_OPTIONS.map(() => NAMES[method]).join('\n'));
    expect(warnings[0]).toEqual({ code: 'invalid_input', message: 'expected an object of options, got null' });
    expect(baton.warnings()).toMatchObject({ invalid_input: NO_OPTIONS.length });
  });

  it.each(METHODS)('of %s runs once, with a handle, when the options were forgotten', (method) => {
    const handle = batonWith()[method](((given: unknown) => given) as never, undefined as never) as { end?: unknown };
    expect(typeof handle.end).toBe('function');
    expect(tree()).toBe(NAMES[method]);
  });

  it.each(METHODS)('of %s throws its own error on, and no other', (method) => {
    const error = new Error('the app’s own');
    const thrown = thrownBy(() =>
      batonWith()[method](null as never, () => {
        throw error;
      }),
    );
    expect(thrown).toBe(error);
  });

  it.each(METHODS)('of %s runs once, and the span is recorded, when an option cannot be read', (method) => {
    const unreadable = (...names: string[]): object =>
      Object.defineProperties(
        {},
        Object.fromEntries(
          names.map((name) => [
            name,
            {
              enumerable: true,
              get() {
                throw new Error(`${name} was read`);
              },
            },
          ]),
        ),
      );
    const options = unreadable('id', 'sessionId', 'runId', 'parentRunId', 'metadata', 'tool', 'carrier', 'stepIndex');
    expect(batonWith()[method](options as never, call)).toBe(RESULT);
    expect(calls).toBe(1);
    expect(tree()).toBe(NAMES[method]);
  });

  it.each(METHODS)('of %s runs once when the options are a revoked proxy', (method) => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(batonWith()[method](proxy as never, call)).toBe(RESULT);
    expect(calls).toBe(1);
  });
});

describe('methods without a callback', () => {
  it('throw nothing, and record what they can, whatever stands in the place of the options', () => {
    const baton = batonWith();
    for (const options of NO_OPTIONS) {
      for (const start of ['startSession', 'startRun', 'startChildRun', 'startWorkflowStep', 'startTool'] as const) {
        baton[start](options).end();
      }
      baton.startLlmCall(options).end();
      baton.startMcpCall(options).end();
      expect(baton.trackHandoffRequested(options).id).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
      baton.track(options);
      baton.captureError(options);
    }
    expect(recording.spans()).toHaveLength(NO_OPTIONS.length * 8);
  });

  it('answer whatever stands in the place of the options', () => {
    const baton = batonWith();
    for (const options of NO_OPTIONS) {
      baton.withRun({}, () => {
        baton.trackHandoffRequested({ target: 'billing' });
        baton.withChildRun({ agent: 'billing' }, () => baton.trackHandoffCompleted(options));
      });
    }
    expect(tree().match(/accept_handoff/g)).toHaveLength(NO_OPTIONS.length);
  });
});

describe('a hook that throws', () => {
  const options: Partial<BatonOptions> = {
    redaction: {
      redact(text, key) {
        if (key === 'customer') throw new Error('no rule for customers');
        return text;
      },
    },
  };

  it('loses the value that it was asked for and nothing else, and is warned about once', () => {
    const baton = batonWith(options);
    for (let time = 0; time < 3; time++) {
      expect(baton.withRun({ metadata: { customer: 'Ada', ticket: 'T-1' } }, call)).toBe(RESULT);
    }
    expect(calls).toBe(3);
    const show = ['baton.metadata.customer', 'baton.metadata.ticket', 'baton.metadata_dropped'];
    expect(tree(show)).toBe(
      Array(3).fill('invoke_agent triage {metadata.ticket=T-1 baton.metadata_dropped=1}').join('\n'),
    );
    expect(warnings).toEqual([
      { code: 'hook_failed', message: expect.stringMatching(/redaction\.redact threw for customer.*no rule/) },
    ]);
    expect(logged).toHaveLength(1);
    expect(baton.warnings()).toEqual({ hook_failed: 3 });
  });

  it('throws a BatonError in strict mode', () => {
    const error = thrownBy(() =>
      batonWith({ ...options, strict: true }).withRun({ metadata: { customer: 'Ada' } }, call),
    );
    expect(error).toBeInstanceOf(BatonError);
    expect(error).toMatchObject({ code: 'hook_failed', message: expect.stringMatching(/redaction\.redact/) });
  });

  it('may throw anything', () => {
    for (const thrown of [undefined, null, Symbol('x'), Object.assign(new Error('x'), { message: Symbol('x') })]) {
      const baton = batonWith({
        redaction: {
          redact() {
            throw thrown;
          },
        },
      });
      expect(baton.withRun({ metadata: { customer: 'Ada' } }, call)).toBe(RESULT);
    }
    expect(recording.spans()).toHaveLength(4);
  });

  it.each<[string, unknown]>([
    ['a number', 5],
    ['null', null],
    ['a promise', Promise.resolve('text')],
    ['an object', {}],
  ])('may give %s: the value is dropped', (_, answer) => {
    batonWith({ redaction: { redact: (text, key) => (key === 'customer' ? (answer as never) : text) } }).withRun(
      { metadata: { customer: 'Ada' } },
      call,
    );
    expect(recording.spans()[0]?.attributes).not.toHaveProperty(['baton.metadata.customer']);
  });

  it('may be onWarning: nothing is thrown, and the warning is counted', () => {
    const baton = batonWith({
      onWarning() {
        throw new Error('no');
      },
    });
    expect(baton.withTool({ tool: 'search' }, call)).toBe(RESULT);
    expect(logged).toHaveLength(1);
    expect(baton.warnings()).toEqual({ no_run: 1 });
  });

  it('may be the logger: onWarning hears of it all the same', () => {
    diag.setLogger(
      {
        warn() {
          throw new Error('no');
        },
      } as never,
      { suppressOverrideMessage: true },
    );
    expect(batonWith().withTool({ tool: 'search' }, call)).toBe(RESULT);
    expect(warnings.map(({ code }) => code)).toEqual(['no_run']);
  });
});

describe('ids that are missing', () => {
  it.each([null, undefined])('%s stands for an option that was not given', (nothing) => {
    const baton = batonWith();
    const absent = nothing as never;
    baton.withSession({ id: absent, name: absent, kind: 'pipeline' }, () =>
      baton.withRun({ sessionId: absent, parentRunId: absent, handoffId: absent, agent: absent, stepKey: absent }, () =>
        baton.withTool({ runId: absent, sessionId: absent, tool: 'search', resource: absent, action: absent }, call),
      ),
    );
    expect(tree()).toBe('invoke_workflow pipeline\n  invoke_agent triage\n    execute_tool search');
    expect(warnings).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['an object', {}],
    ['an empty text', ''],
    ['NaN', Number.NaN],
    ['a number that no receiver can read', 2 ** 60],
    ['a symbol', Symbol('x')],
  ])('never leave a span or a handle without a text as session.id: %s', (_, sessionId) => {
    const baton = batonWith();
    const given = sessionId as never;
    const ids: unknown[] = [];
    baton.withRun({ sessionId: given }, (run) => ids.push(run.sessionId));
    baton.withTool({ sessionId: given, tool: 'search' }, () => {});
    baton.withSession({ id: given }, (session) => ids.push(session.id));
    for (const span of recording.spans()) ids.push(span.attributes['session.id']);
    expect(ids).toEqual(Array(5).fill(expect.stringMatching(/./)));
  });

  it('that are numbers are ids all the same, of a session and of what joins it', () => {
    const baton = batonWith();
    baton.withSession({ id: 42 as never }, () => {});
    baton.withRun({ sessionId: 42 as never }, () => {});
    expect(recording.spans().map(({ attributes }) => attributes['session.id'])).toEqual(['42', '42']);
  });
});

describe('a started span', () => {
  it('ends once, however often it is ended', () => {
    const baton = batonWith();
    const run = baton.startRun({});
    run.end();
    run.end();
    run.fail(new Error('later'));
    run[Symbol.dispose]();
    expect(tree(['baton.run.status'])).toBe('invoke_agent triage {run.status=completed}');
    expect(warnings).toEqual([]);
  });

  it('that its own callback ended is ended once, and the result comes back', () => {
    const result = batonWith().withRun({}, (run) => {
      run.end();
      return RESULT;
    });
    expect(result).toBe(RESULT);
    expect(tree()).toBe('invoke_agent triage');
  });

  it('that nobody ends is ended with its session, and says so', () => {
    const baton = batonWith();
    baton.withSession({ kind: 'pipeline' }, () => {
      const run = baton.startRun({});
      run.within(() => baton.startWorkflowStep({ stepKey: 'check' })).within(() => baton.startTool({ tool: 'search' }));
      run.within(() => baton.startLlmCall({ model: 'gpt-5.5' }));
      run.within(() => baton.trackHandoffRequested({ target: 'billing' }));
    });
    expect(tree(['baton.run.status', 'baton.session.status', 'baton.abandoned', 'baton.handoff.status'])).toBe(
      `
invoke_workflow pipeline {session.status=completed}
  invoke_agent triage {run.status=abandoned}
    run_step check {baton.abandoned=true}
      execute_tool search {baton.abandoned=true}
    chat gpt-5.5 CLIENT {baton.abandoned=true}
    handoff billing PRODUCER {handoff.status=requested}
`.trim(),
    );
  });

  it('that a run outside any session leaves open is ended with that run', () => {
    const baton = batonWith();
    baton.withRun({}, () => void baton.startTool({ tool: 'search' }));
    expect(tree(['baton.abandoned'])).toBe('invoke_agent triage\n  execute_tool search {baton.abandoned=true}');
  });

  it('takes no setter after its end, and says so once', () => {
    const baton = batonWith();
    const run = baton.startRun({});
    const tool = baton.startTool({ runId: run.id, tool: 'search' });
    const call = baton.startLlmCall({ runId: run.id });
    const step = baton.startWorkflowStep({ runId: run.id });
    const session = baton.startSession({});
    for (const handle of [tool, call, step, run, session]) handle.end();
    const before = recording.spans().map(({ attributes }) => JSON.stringify(attributes));
    run.setOutputSummary('late');
    run.setUsage({ inputTokens: 1 });
    run.setAgent('late');
    run.setMetadata({ late: true });
    tool.setResult('late');
    tool.setCached(true);
    call.setResponse({ id: 'late' });
    call.setUsage({ inputTokens: 1 });
    step.setPayloadSummary('late');
    session.setOutputSummary('late');
    expect(recording.spans().map(({ attributes }) => JSON.stringify(attributes))).toEqual(before);
    expect(baton.warnings()).toEqual({ ended_scope: 10 });
    expect(warnings).toHaveLength(1);
  });

  it('takes junk in its setters', () => {
    const unreadable = new Proxy(
      {},
      {
        get() {
          throw new Error('was read');
        },
        ownKeys() {
          throw new Error('was listed');
        },
      },
    );
    const baton = batonWith();
    const thrown: string[] = [];
    for (const junk of [null, undefined, 5, 'text', Symbol('x'), [], () => {}, unreadable] as never[]) {
      const session = baton.startSession({});
      const run = session.within(() => baton.startRun({}));
      const tool = run.within(() => baton.startTool({ tool: 'search' }));
      const call = run.within(() => baton.startLlmCall({}));
      const step = run.within(() => baton.startWorkflowStep({}));
      const setters: Record<string, () => void> = {
        'session.setOutputSummary': () => session.setOutputSummary(junk),
        'run.setOutputSummary': () => run.setOutputSummary(junk),
        'run.setUsage': () => run.setUsage(junk),
        'run.setAgent': () => run.setAgent(junk),
        'run.setMetadata': () => run.setMetadata(junk),
        'tool.setResult': () => tool.setResult(junk),
        'tool.setCached': () => tool.setCached(junk),
        'call.setResponse': () => call.setResponse(junk),
        'call.setUsage': () => call.setUsage(junk),
        'step.setPayloadSummary': () => step.setPayloadSummary(junk),
      };
      for (const [name, set] of Object.entries(setters)) if (thrownBy(set) !== undefined) thrown.push(name);
      session.end();
    }
    expect(thrown).toEqual([]);
    expect(recording.spans()).toHaveLength(8 * 5);
  });

  it('closes what is open inside it, even when the usage that it was given cannot be read', () => {
    const baton = batonWith();
    const run = baton.startRun({});
    baton.startTool({ runId: run.id, tool: 'search' });
    run.setUsage({
      get inputTokens(): number {
        throw new Error('was read');
      },
    });
    run.end();
    expect(tree(['baton.run.status', 'baton.abandoned'])).toBe(
      'invoke_agent triage {run.status=completed}\n  execute_tool search {baton.abandoned=true}',
    );
  });

  it('tells a strict app at the call, and not at the end, that a usage cannot be used', () => {
    const baton = batonWith({ strict: true });
    const run = baton.startRun({});
    expect(thrownBy(() => run.setUsage({ inputTokens: -1 }))).toMatchObject({ code: 'invalid_input' });
    run.end();
    expect(warnings).toEqual([]);
  });
});

describe('metadata', () => {
  it('of one span is at most 32 entries, and counts the rest, over all calls', () => {
    const some = (from: number): Record<string, number> =>
      Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`key${from + index}`, index]));
    const baton = batonWith();
    baton.withRun({ metadata: some(0) }, (run) => {
      run.setMetadata(some(20));
      run.setMetadata(some(40));
    });
    const names = Object.keys(recording.spans()[0]?.attributes ?? {});
    expect(names.filter((name) => name.startsWith('baton.metadata.'))).toHaveLength(32);
    expect(recording.spans()[0]?.attributes['baton.metadata_dropped']).toBe(28);
  });
});

describe('a span processor that throws', () => {
  function failing(when: 'onStart' | 'onEnd', name: string): SpanProcessor {
    const fail = (span: { name: string }): void => {
      if (span.name === name) throw new Error(`${when} failed`);
    };
    const ignore = (): void => {};
    return {
      onStart: when === 'onStart' ? fail : ignore,
      onEnd: when === 'onEnd' ? fail : ignore,
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    };
  }

  async function recordWith(processor: SpanProcessor): Promise<void> {
    await recording.startAgain({ spanProcessors: [processor] });
  }

  function pipeline(baton: Baton): unknown {
    return baton.withSession({ kind: 'pipeline' }, () =>
      baton.withRun({}, () => {
        baton.trackHandoffRequested({ target: 'billing' });
        return baton.withChildRun({ agent: 'billing' }, () => {
          baton.trackHandoffCompleted();
          return baton.withTool({ tool: 'search' }, call);
        });
      }),
    );
  }

  const SPANS = [
    'invoke_workflow pipeline',
    'invoke_agent triage',
    'handoff billing',
    'accept_handoff triage',
    'invoke_agent billing',
    'execute_tool search',
  ];

  it.each(SPANS)('at the start of %s loses that span at most, and is warned about once', async (name) => {
    await recordWith(failing('onStart', name));
    expect(pipeline(batonWith())).toBe(RESULT);
    expect(calls).toBe(1);
    expect(warnings.filter(({ code }) => code === 'telemetry_failed')).toEqual([
      { code: 'telemetry_failed', message: expect.stringContaining('onStart failed') },
    ]);
    // There is no answer to a handoff that is not there, and none of a receiver that is not there.
    const lost = [name, ...(/billing$/.test(name) ? ['accept_handoff triage'] : [])];
    expect(
      recording
        .spans()
        .map((span) => span.name)
        .sort(),
    ).toEqual(SPANS.filter((other) => !lost.includes(other)).sort());
  });

  it.each(SPANS)('at the end of %s loses nothing that came before it, and is warned about once', async (name) => {
    await recordWith(failing('onEnd', name));
    expect(pipeline(batonWith())).toBe(RESULT);
    expect(calls).toBe(1);
    expect(warnings).toEqual([{ code: 'telemetry_failed', message: expect.stringContaining('onEnd failed') }]);
    expect(
      recording
        .spans()
        .map((span) => span.name)
        .sort(),
    ).toEqual([...SPANS].sort());
  });

  it('throws nothing in strict mode either: it is not the app’s mistake', async () => {
    await recordWith(failing('onEnd', 'execute_tool search'));
    expect(pipeline(batonWith({ strict: true }))).toBe(RESULT);
  });

  it('throws the app’s error on, when the callback throws as well', async () => {
    await recordWith(failing('onEnd', 'invoke_agent triage'));
    const error = new Error('the app’s own');
    const thrown = thrownBy(() =>
      batonWith().withRun({}, () => {
        throw error;
      }),
    );
    expect(thrown).toBe(error);
  });
});

describe('a propagator that throws', () => {
  beforeEach(async () => {
    const fail = (): never => {
      throw new Error('no header fits');
    };
    await recording.startAgain({ propagator: { inject: fail, extract: fail, fields: () => [] } });
  });

  it('costs the sender nothing: the carrier has the ids', () => {
    batonWith().withRun({}, (run) => {
      const handoff = batonWith().trackHandoffRequested({ sourceRunId: run.id, target: 'billing' });
      expect(handoff.carrier()).toMatchObject({ traceparent: run.id, 'baton-handoff': handoff.id });
    });
    expect(tree()).toBe('invoke_agent triage\n  handoff billing PRODUCER');
  });

  it('costs the receiver nothing: the run hangs where the ids say', () => {
    const [traceparent, handoffId] = ['2', '3'].map((digit) => `00-${'1'.repeat(32)}-${digit.repeat(16)}-01`);
    const carrier = { traceparent, 'baton-handoff': handoffId, 'baton-session': 'T-1', 'baton-source': 'front' };
    expect(batonWith().withRun({ agent: 'billing', carrier }, call)).toBe(RESULT);
    expect(calls).toBe(1);
    expect(tree(['session.id', 'baton.handoff.source'])).toBe(
      `
invoke_agent billing (parent elsewhere) {session.id=T-1 handoff.source=front} --handoff--> elsewhere [baton.handoff.accepted]
accept_handoff front CONSUMER (parent elsewhere) {session.id=T-1 handoff.source=front}
`.trim(),
    );
  });
});

describe('construction', () => {
  const agent = 'triage';

  it.each<[string, unknown, RegExp]>([
    ['options left out', undefined, /^options: expected an object.*got undefined/],
    ['options null', null, /^options: expected an object.*got null/],
    ['options a text', 'triage', /^options: expected an object.*got "triage"/],
    ['no agent', {}, /^agent: expected \{ key: .* \}.*got undefined/],
    ['an empty agent', { agent: ' ' }, /^agent: expected .*got " "/],
    ['an agent that is a number', { agent: 7 }, /^agent: expected .*got 7/],
    ['an agent without a key', { agent: { name: 'Triage' } }, /^agent: expected .*got an object/],
    ['an agent’s name', { agent: { key: 'a', name: 7 } }, /^agent\.name: expected a string, got 7/],
    [
      'an agent’s description',
      { agent: { key: 'a', description: {} } },
      /^agent\.description: expected a string, got an object/,
    ],
    [
      'an agent’s version',
      { agent: { key: 'a', version: [] } },
      /^agent\.version: expected a string, got an array of 0/,
    ],
    ['mode', { agent, mode: 'record' }, /^mode: expected "monitor" or "off", got "record"/],
    ['enabled', { agent, enabled: 'yes' }, /^enabled: expected true or false, got "yes"/],
    ['strict', { agent, strict: 1 }, /^strict: expected true or false, got 1/],
    ['environment', { agent, environment: 5 }, /^environment: expected a string, got 5/],
    [
      'tracerProvider',
      { agent, tracerProvider: {} },
      /^tracerProvider: expected an OpenTelemetry tracer provider.*got an object/,
    ],
    ['tracerProvider null', { agent, tracerProvider: null }, /^tracerProvider: expected .*got null/],
    ['content', { agent, content: 'all' }, /^content: expected "none" or "summaries" or "full", got "all"/],
    [
      'maxAttributeBytes too small',
      { agent, maxAttributeBytes: 10 },
      /^maxAttributeBytes: expected a whole number from 64, got 10/,
    ],
    ['maxAttributeBytes NaN', { agent, maxAttributeBytes: Number.NaN }, /^maxAttributeBytes: expected .*got NaN/],
    [
      'maxAttributeBytes endless',
      { agent, maxAttributeBytes: Number.POSITIVE_INFINITY },
      /^maxAttributeBytes: expected .*got Infinity/,
    ],
    ['maxAttributeBytes a text', { agent, maxAttributeBytes: '2000' }, /^maxAttributeBytes: expected .*got "2000"/],
    ['operationNames', { agent, operationNames: 'some' }, /^operationNames: expected "standard" or "all", got "some"/],
    ['onWarning', { agent, onWarning: 'console' }, /^onWarning: expected a function, got "console"/],
    ['redaction', { agent, redaction: 'on' }, /^redaction: expected \{ keys\?.*got "on"/],
    ['redaction null', { agent, redaction: null }, /^redaction: expected .*got null/],
    [
      'redaction.keys',
      { agent, redaction: { keys: 'iban' } },
      /^redaction\.keys: expected an array of strings, got "iban"/,
    ],
    [
      'one of redaction.keys',
      { agent, redaction: { keys: [/iban/] } },
      /^redaction\.keys: expected an array of strings/,
    ],
    [
      'redaction.allowKeys',
      { agent, redaction: { allowKeys: [5] } },
      /^redaction\.allowKeys: expected an array of strings/,
    ],
    [
      'redaction.patterns',
      { agent, redaction: { patterns: ['\\d'] } },
      /^redaction\.patterns: expected an array of regular expressions/,
    ],
    ['redaction.redact', { agent, redaction: { redact: true } }, /^redaction\.redact: expected a function, got true/],
  ])('throws for %s a BatonError that names option, expected and given, strict or not', async (_, options, message) => {
    const error = thrownBy(() => new Baton(options as never));
    expect(error).toBeInstanceOf(BatonError);
    expect(error).toMatchObject({
      name: 'BatonError',
      code: 'invalid_option',
      message: expect.stringMatching(message),
    });
    await expect(Baton.create(options as never)).rejects.toMatchObject({ code: 'invalid_option' });
  });

  it.each<[string, string, RegExp]>([
    ['BATON_MODE', 'record', /BATON_MODE.*expected "monitor" or "off", got "record"/],
    ['BATON_ENABLED', 'perhaps', /BATON_ENABLED.*expected true or false, got "perhaps"/],
    ['BATON_STRICT', 'perhaps', /BATON_STRICT.*expected true or false, got "perhaps"/],
    ['BATON_CONTENT', 'all', /BATON_CONTENT.*expected "none" or "summaries" or "full", got "all"/],
  ])('names the variable when the environment’s %s is wrong', (name, value, message) => {
    process.env[name] = value;
    try {
      expect(thrownBy(() => new Baton({ agent }))).toMatchObject({ message: expect.stringMatching(message) });
    } finally {
      delete process.env[name];
    }
  });

  it('takes everything that is right, and undefined for what is left to the default', () => {
    const options: BatonOptions = {
      agent: { key: 'a', name: undefined, description: 'b', version: '1' },
      mode: undefined,
      enabled: undefined,
      strict: undefined,
      environment: undefined,
      tracerProvider: undefined,
      content: undefined,
      redaction: { keys: undefined, allowKeys: [], patterns: [/a/g], redact: undefined },
      maxAttributeBytes: 64,
      operationNames: undefined,
      onWarning: undefined,
    };
    expect(() => new Baton(options)).not.toThrow();
  });
});

/** What cannot be read, by name: a counterexample with the thing itself in it could not be printed. */
const UNREADABLE: Record<string, () => unknown> = {
  'a revoked proxy': () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  ...Object.fromEntries(
    ['get', 'has', 'ownKeys', 'getOwnPropertyDescriptor', 'getPrototypeOf'].map((trap) => [
      `a proxy that refuses ${trap}`,
      () => new Proxy({ key: 'value' }, { [trap]: refuse }),
    ]),
  ),
  ...Object.fromEntries(
    ['id', 'key', 'name', 'sessionId', 'runId', 'usage', 'inputTokens', 'toJSON', 'traceparent'].map((name) => [
      `an object whose ${name} throws`,
      () => Object.defineProperty({}, name, { enumerable: true, get: refuse }),
    ]),
  ),
  'an error whose message is a symbol': () => Object.assign(new Error('x'), { message: Symbol('x') }),
};

function refuse(): never {
  throw new Error('refused');
}

class Unreadable {
  readonly what: string;
  constructor(what: string) {
    this.what = what;
  }
}

/** The junk itself, in the place of its name. */
function materialise(given: unknown): unknown {
  if (given instanceof Unreadable) return UNREADABLE[given.what]?.();
  if (typeof given !== 'object' || given === null) return given;
  const prototype = Object.getPrototypeOf(given);
  if (prototype !== null && prototype !== Object.prototype) return given;
  const copy = Object.create(prototype);
  for (const [name, value] of Object.entries(given)) {
    Object.defineProperty(copy, name, { value: materialise(value), enumerable: true });
  }
  return copy;
}

/** Junk of every kind, shallow and deep, readable or not. */
const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.anything({
    maxDepth: 2,
    maxKeys: 3,
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withNullPrototype: true,
    withSparseArray: true,
    withBoxedValues: true,
    withObjectString: true,
  }),
  fc.constantFrom<unknown>(
    Symbol('junk'),
    () => 'junk',
    class Junk {},
    Number.NaN,
    2 ** 60,
    -0,
    '\ud800',
    '',
    `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
    `00-${'0'.repeat(32)}-${'0'.repeat(16)}-00`,
    new Date(Number.NaN),
    Promise.resolve(),
  ),
  fc.constantFrom(...Object.keys(UNREADABLE)).map((what) => new Unreadable(what)),
);

const FIELDS = [
  ...[
    'id',
    'sessionId',
    'name',
    'kind',
    'inputSummary',
    'environment',
    'userId',
    'conversationId',
    'previousSessionId',
  ],
  ...['metadata', 'stepKey', 'stepName', 'stepIndex', 'parentRunId', 'agent', 'role', 'payloadSummary', 'handoffId'],
  ...['carrier', 'runId', 'tool', 'action', 'resource', 'callId', 'arguments', 'idempotencyKey', 'server', 'riskLevel'],
  ...['model', 'provider', 'operation', 'messages', 'usage', 'sourceRunId', 'target', 'mode', 'reason', 'reasonType'],
  ...['trace', 'joins', 'context', 'expiresInMs', 'approver', 'status', 'approvalId', 'baton-approval'],
  ...['error', 'type', 'payload', 'finishReasons', 'inputTokens', 'cost', 'key', 'traceparent', 'baton-session'],
];

/** Options whose fields are known and whose values are junk, also one level down. */
const options: fc.Arbitrary<unknown> = fc.oneof(
  junk,
  fc.dictionary(fc.constantFrom(...FIELDS), fc.oneof(junk, fc.dictionary(fc.constantFrom(...FIELDS), junk))),
);

const WITH = [
  'withSession',
  'withRun',
  'withChildRun',
  'withWorkflowStep',
  'withTool',
  'withLlmCall',
  'withMcpCall',
  'withApproval',
  'resumeSession',
] as const;
const START = [
  ...['startSession', 'startRun', 'startChildRun', 'startWorkflowStep', 'startTool', 'startLlmCall', 'startMcpCall'],
  'startApproval',
  'trackHandoffRequested',
];
const TELL = [
  ...['trackHandoffAccepted', 'trackHandoffCompleted', 'trackHandoffRejected', 'trackHandoffFailed'],
  ...['trackHandoffReturned', 'track'],
  'captureError',
  'resolveApproval',
];
const SET = [
  ...[
    'setMetadata',
    'setOutputSummary',
    'setUsage',
    'setAgent',
    'setPayloadSummary',
    'setResult',
    'setCached',
    'setResponse',
  ],
  ...['fail', 'carrier', 'suspend', 'approve', 'reject', 'expire'],
];

type AnyMethod = (...given: unknown[]) => unknown;
type Handle = Record<string, AnyMethod>;

interface Command {
  readonly method: string;
  readonly given: unknown;
  /** What the handle is told, while it is open. */
  readonly told: readonly (readonly [string, unknown])[];
  /** Whether what follows happens inside the callback. */
  readonly inner: boolean;
}

const command: fc.Arbitrary<Command> = fc.record({
  method: fc.constantFrom<string>(...WITH, ...START, ...TELL),
  given: options,
  told: fc.array(fc.tuple(fc.constantFrom(...SET), options), { maxLength: 3 }),
  inner: fc.boolean(),
});

/** Does what the commands say, one after or inside the other. */
function play(baton: Record<string, AnyMethod>, commands: readonly Command[], handles: Handle[]): unknown {
  const [next, ...later] = commands;
  if (!next) return RESULT;
  const { method, told, inner } = next;
  const tell = (handle: Handle): void => {
    handles.push(handle);
    for (const [setter, given] of told) handle[setter]?.(materialise(given));
  };
  const given = materialise(next.given);
  if ((WITH as readonly string[]).includes(method)) {
    let runs = 0;
    const result = baton[method]?.(given, (handle: Handle) => {
      runs++;
      tell(handle);
      return inner ? play(baton, later, handles) : RESULT;
    });
    expect([method, runs, result]).toEqual([method, 1, RESULT]);
    return inner ? RESULT : play(baton, later, handles);
  }
  if (START.includes(method)) tell(baton[method]?.(given) as Handle);
  else baton[method]?.(given);
  return play(baton, later, handles);
}

describe('any junk to any method', () => {
  const started: string[] = [];
  const ended: string[] = [];

  beforeEach(async () => {
    await recording.startAgain({
      spanProcessors: [
        {
          onStart: (span) => void started.push(span.spanContext().spanId),
          onEnd: (span) => void ended.push(span.spanContext().spanId),
          forceFlush: () => Promise.resolve(),
          shutdown: () => Promise.resolve(),
        },
      ],
    });
  });

  /** Holds after each list of commands, whatever `attempt` makes of it: each span that started has ended once. */
  function property(strict: boolean, attempt: (fn: () => unknown) => void): fc.IAsyncProperty<unknown> {
    return fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 6 }), async (commands) => {
      started.length = 0;
      ended.length = 0;
      const baton = batonWith({ strict }) as unknown as Record<string, AnyMethod> & Baton;
      const handles: Handle[] = [];
      attempt(() => play(baton, commands, handles));
      for (const handle of handles) handle.end?.();
      await baton.shutdown();
      expect([...ended].sort()).toEqual([...started].sort());
    });
  }

  it('throws nothing, runs the callback once, and each span that starts ends once', async () => {
    await fc.assert(
      property(false, (fn) => expect(fn()).toBe(RESULT)),
      { numRuns: 250 },
    );
  });

  it('throws nothing but BatonErrors in strict mode, and each span that starts ends once', async () => {
    await fc.assert(
      property(true, (fn) => {
        const error = thrownBy(fn);
        if (error !== undefined && !(error instanceof BatonError)) throw error;
      }),
      { numRuns: 250 },
    );
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
