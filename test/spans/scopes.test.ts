import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type Attributes, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { Baton, BatonOptions, RunInput } from '../../src/index.ts';
import { expectNoComplaints } from '../support/complaints.ts';
import { recordEachTest } from '../support/recording.ts';
import { registry } from '../support/registry.ts';
import { spanTree } from '../support/span-tree.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const recording = recordEachTest();
const { warnings } = recording;
let baton: Baton;

expectNoComplaints();

function client(options: Partial<BatonOptions> = {}): Baton {
  return recording.client({ agent: 'app', ...options });
}

beforeEach(() => {
  baton = client();
});

afterEach(() => {
  jest.restoreAllMocks();
  // What a failing test leaves open must not fail the next one.
  for (const open of [registry.sessions, registry.runs, registry.handoffs]) open.clear();
});

function tree(...show: string[]): string {
  return spanTree(recording.spans(), { show });
}

function named(name: string): ReadableSpan {
  const found = recording.spans().filter((span) => span.name === name);
  if (found.length !== 1) throw new Error(`expected one "${name}", got ${found.length} of\n${tree()}`);
  return found[0] as ReadableSpan;
}

function attributesOf(name: string): Attributes {
  return named(name).attributes;
}

function codes(): string[] {
  return warnings.map(({ code }) => code);
}

/** Microseconds, exact: an HrTime as one number loses some. */
function micros([seconds, nanos]: readonly [number, number]): number {
  return seconds * 1e6 + nanos / 1e3;
}

/** What V8 offers to those who ask for it; only what nobody holds is gone afterwards. */
async function garbageCollector(): Promise<() => Promise<void>> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  return async () => {
    // Exporters hold spans, and weak references what they met in the same task.
    await recording.provider.forceFlush();
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  };
}

describe('ids', () => {
  const TREE = `
invoke_workflow pipeline {session.id=ticket-1}
  invoke_agent orchestrator {session.id=ticket-1 agent.key=orchestrator}
    run_step triage {session.id=ticket-1 agent.key=orchestrator}
      execute_tool search {session.id=ticket-1 agent.key=orchestrator}
    chat gpt-5.5 CLIENT {session.id=ticket-1 agent.key=orchestrator}
    handoff writer PRODUCER {session.id=ticket-1 agent.key=orchestrator}
      accept_handoff orchestrator CONSUMER {session.id=ticket-1 agent.key=writer}
    invoke_agent writer {session.id=ticket-1 agent.key=writer} --handoff--> handoff writer [baton.handoff.accepted, looked up]
      execute_tool github {session.id=ticket-1 agent.key=writer}
`.trim();

  it('are optional inside scopes', async () => {
    await baton.withSession({ id: 'ticket-1', kind: 'pipeline' }, () =>
      baton.withRun({ agent: 'orchestrator' }, async () => {
        await baton.withWorkflowStep({ stepKey: 'triage' }, () => baton.withTool({ tool: 'search' }, async () => {}));
        baton.withLlmCall({ model: 'gpt-5.5' }, () => {});
        baton.trackHandoffRequested({ target: 'writer' });
        await baton.withChildRun({ agent: 'writer' }, async () => {
          await null;
          baton.trackHandoffCompleted();
          baton.withMcpCall({ tool: 'github' }, () => {});
          baton.track({ type: 'looked up' });
        });
      }),
    );
    expect(tree('session.id', 'baton.agent.key')).toBe(TREE);
    expect(warnings).toEqual([]);
  });

  it.each([true, false])('are sufficient outside them (context manager: %s)', async (contextManager) => {
    await recording.startAgain({ contextManager });
    const session = baton.startSession({ id: 'ticket-1', kind: 'pipeline' });
    const sessionId = session.id;
    const run = baton.startRun({ sessionId, agent: 'orchestrator' });
    const step = baton.startWorkflowStep({ runId: run.id, stepKey: 'triage' });
    const search = step.within(() => baton.startTool({ runId: run.id, tool: 'search' }));
    search.end();
    step.end();
    baton.startLlmCall({ runId: run.id, model: 'gpt-5.5' }).end();
    baton.trackHandoffRequested({ sourceRunId: run.id, target: 'writer' });
    const writer = baton.startChildRun({ parentRunId: run.id, agent: 'writer' });
    baton.trackHandoffCompleted({ runId: writer.id });
    baton.startMcpCall({ runId: writer.id, tool: 'github' }).end();
    baton.track({ runId: writer.id, type: 'looked up' });
    for (const open of [writer, run, session]) open.end();
    // Without a context manager nothing can tell which step a tool call belongs to.
    const expected = contextManager ? TREE : TREE.replace('      execute_tool search', '    execute_tool search');
    expect(tree('session.id', 'baton.agent.key')).toBe(expected);
    expect(warnings).toEqual([]);
  });

  it('that name another scope win over the one around the call', () => {
    const other = baton.startSession({ id: 'other' });
    const elsewhere = baton.startRun({ sessionId: 'other', agent: 'elsewhere' });
    baton.withSession({ id: 'here' }, () =>
      baton.withRun({ agent: 'local' }, () => {
        baton.withTool({ tool: 'a', runId: elsewhere.id }, () => baton.withTool({ tool: 'b' }, () => {}));
        baton.withRun({ agent: 'guest', sessionId: 'other' }, () => {});
        baton.withRun({ agent: 'child', parentRunId: elsewhere.id }, () => {});
        baton.withTool({ tool: 'c' }, () => {});
      }),
    );
    elsewhere.end();
    other.end();
    expect(tree('session.id', 'baton.agent.key')).toBe(
      `
invoke_workflow {session.id=other}
  invoke_agent elsewhere {session.id=other agent.key=elsewhere}
    execute_tool a {session.id=other agent.key=elsewhere}
      execute_tool b {session.id=other agent.key=elsewhere}
    invoke_agent child {session.id=other agent.key=child}
  invoke_agent guest {session.id=other agent.key=guest}
invoke_workflow {session.id=here}
  invoke_agent local {session.id=here agent.key=local}
    execute_tool c {session.id=here agent.key=local}
`.trim(),
    );
  });

  it('name an outer run from inside an inner one', () => {
    baton.withRun({ agent: 'outer' }, (outer) =>
      baton.withRun({ agent: 'inner' }, () => {
        baton.withTool({ tool: 'a', runId: outer.id }, () => {});
        baton.withTool({ tool: 'b' }, () => {});
      }),
    );
    expect(tree('baton.agent.key')).toBe(
      `
invoke_agent outer {agent.key=outer}
  invoke_agent inner {agent.key=inner}
    execute_tool b {agent.key=inner}
  execute_tool a {agent.key=outer}
`.trim(),
    );
  });
});

describe('a run', () => {
  it('inside another run is its child, whichever word was used', () => {
    baton.withSession({}, () =>
      baton.withRun({ agent: 'parent' }, (parent) => {
        baton.withRun({ agent: 'one' }, () => {});
        baton.withChildRun({ agent: 'two' }, () => {});
        baton.startRun({ agent: 'three', parentRunId: parent.id }).end();
      }),
    );
    expect(tree()).toBe(
      `
invoke_workflow
  invoke_agent parent
    invoke_agent one
    invoke_agent two
    invoke_agent three
`.trim(),
    );
    const parentId = attributesOf('invoke_agent parent')['baton.run.id'];
    for (const name of ['one', 'two', 'three']) {
      expect(attributesOf(`invoke_agent ${name}`)['baton.run.parent_id']).toBe(parentId);
    }
    expect(attributesOf('invoke_agent parent')).not.toHaveProperty(['baton.run.parent_id']);
    expect(warnings).toEqual([]);
  });

  it('has an id that is the place of its own span', () => {
    const id = baton.withRun({}, (run) => run.id);
    const { traceId, spanId } = named('invoke_agent app').spanContext();
    expect(id).toBe(`00-${traceId}-${spanId}-01`);
    expect(attributesOf('invoke_agent app')['baton.run.id']).toBe(id);
  });

  it('outside any session gets a random session.id and no session span', () => {
    const first = baton.withRun({}, (run) => {
      baton.withTool({ tool: 'search' }, () => {});
      return run.sessionId;
    });
    const second = baton.withRun({}, (run) => run.sessionId);
    expect(first).toMatch(UUID);
    expect(second).toMatch(UUID);
    expect(second).not.toBe(first);
    expect(tree('session.id')).toBe(
      `
invoke_agent app {session.id=${first}}
  execute_tool search {session.id=${first}}
invoke_agent app {session.id=${second}}
`.trim(),
    );
    expect(warnings).toEqual([]);
  });

  it('knows its session also where nothing is sampled', async () => {
    await recording.startAgain({ sampler: { shouldSample: () => ({ decision: 0 }), toString: () => 'never' } });
    baton.withSession({ id: 'ticket-1' }, () => {
      expect(baton.withRun({ agent: 'a' }, (run) => run.sessionId)).toBe('ticket-1');
      expect(baton.withRun({ agent: 'a' }, () => baton.withRun({ agent: 'b' }, (run) => run.sessionId))).toBe(
        'ticket-1',
      );
    });
    expect(recording.spans()).toEqual([]);
  });

  it('joins a session that lives elsewhere by its id', () => {
    baton.withRun({ sessionId: 'ticket-1' }, (run) => {
      expect(run.sessionId).toBe('ticket-1');
      baton.withTool({ tool: 'search' }, () => {});
    });
    expect(tree('session.id')).toBe(
      `
invoke_agent app {session.id=ticket-1}
  execute_tool search {session.id=ticket-1}
`.trim(),
    );
  });

  it.each<[string, RunInput, string, string]>([
    [
      'the agent it was given',
      { agent: { key: 'writer', name: 'The Writer' }, stepKey: 'draft' },
      'writer',
      'The Writer',
    ],
    ['the key it was given', { agent: 'writer', stepKey: 'draft' }, 'writer', 'writer'],
    ['its step', { stepKey: 'draft', stepName: 'Draft it' }, 'draft', 'Draft it'],
    ['its step without a name', { stepKey: 'draft' }, 'draft', 'draft'],
    ['the agent around it', { stepName: 'Draft it' }, 'boss', 'The Boss'],
    ['the agent around it, told nothing', {}, 'boss', 'The Boss'],
  ])('as a child belongs to %s', (_, input, key, name) => {
    for (const start of ['withChildRun', 'withRun'] as const) {
      baton.withRun({ agent: { key: 'boss', name: 'The Boss' } }, () =>
        baton[start]({ ...input, role: 'worker' }, () => {}),
      );
    }
    const children = recording.spans().filter(({ attributes }) => attributes['baton.run.role'] === 'worker');
    expect(children.map((span) => span.name)).toEqual([`invoke_agent ${name}`, `invoke_agent ${name}`]);
    for (const { attributes } of children) {
      expect(attributes).toMatchObject({ 'baton.agent.key': key, 'gen_ai.agent.id': key, 'gen_ai.agent.name': name });
    }
  });

  it('without a parent belongs to the client’s agent, whatever its step', () => {
    baton.withSession({}, () => baton.withRun({ stepKey: 'draft', stepName: 'Draft it' }, () => {}));
    expect(attributesOf('invoke_agent app')).toMatchObject({ 'baton.agent.key': 'app', 'baton.step.key': 'draft' });
  });

  it('of another process as parent is a place in its trace', () => {
    const elsewhere = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    baton.withChildRun({ parentRunId: elsewhere, sessionId: 'ticket-1', agent: 'writer' }, () => {});
    const span = named('invoke_agent writer');
    expect(span.spanContext().traceId).toBe('0af7651916cd43dd8448eb211c80319c');
    expect(span.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
    expect(span.attributes).toMatchObject({ 'session.id': 'ticket-1', 'baton.run.parent_id': elsewhere });
    expect(warnings).toEqual([]);
  });

  it('says how it ended', () => {
    baton.withSession({}, () => {
      baton.withRun({ agent: 'good' }, () => {});
      expect(() =>
        baton.withRun({ agent: 'bad' }, () => {
          throw new TypeError('oh');
        }),
      ).toThrow('oh');
      const abort = new Error('enough');
      abort.name = 'AbortError';
      baton.startRun({ agent: 'stopped' }).fail(abort);
      baton.startRun({ agent: 'forgotten' });
    });
    expect(tree('baton.run.status', 'error.type')).toBe(
      `
invoke_workflow
  invoke_agent good {run.status=completed}
  invoke_agent bad ERROR(oh) {run.status=failed error.type=TypeError} [exception]
  invoke_agent stopped {run.status=cancelled}
  invoke_agent forgotten {run.status=abandoned}
`.trim(),
    );
  });

  it('inside a step or tool outside any run leaves what is around it alone', async () => {
    const after: string[] = [];
    await baton.withTool({ tool: 'delegate' }, async (call) => {
      await Promise.all([
        baton.withRun({ agent: 'quick' }, () => {}),
        baton.withRun({ agent: 'slow' }, async (slow) => {
          await new Promise((resolve) => setImmediate(resolve));
          slow.setOutputSummary('late');
        }),
      ]);
      call.setCached(false);
      after.push('ran');
    });
    expect(tree('baton.run.status', 'baton.run.output_summary', 'baton.tool.cached', 'baton.abandoned')).toBe(
      `
execute_tool delegate {tool.cached=false}
  invoke_agent quick {run.status=completed}
  invoke_agent slow {run.status=completed run.output_summary=late}
`.trim(),
    );
    expect(codes()).toEqual(['no_run']);
    expect(after).toEqual(['ran']);
  });
});

describe('step metadata', () => {
  it('belongs to the one span it was given to', () => {
    baton.withSession({}, () =>
      baton.withRun({ agent: 'a', stepKey: 'r', stepName: 'Run', stepIndex: 1, role: 'orchestrator' }, () => {
        baton.withWorkflowStep({ stepKey: 's', stepIndex: 2 }, () => {
          baton.withTool({ tool: 'search' }, () => {});
          baton.withLlmCall({ model: 'm' }, () => {});
          baton.trackHandoffRequested({});
          baton.withWorkflowStep({ stepName: 'Inner' }, () => {});
          baton.withChildRun({ agent: 'b' }, () => baton.withTool({ tool: 'write' }, () => {}));
        });
      }),
    );
    expect(tree('baton.step.key', 'baton.step.name', 'baton.step.index', 'baton.run.role')).toBe(
      `
invoke_workflow
  invoke_agent a {step.key=r step.name=Run step.index=1 run.role=orchestrator}
    run_step s {step.key=s step.index=2}
      execute_tool search
      chat m CLIENT
      handoff b PRODUCER
        accept_handoff a CONSUMER
      run_step Inner {step.name=Inner}
      invoke_agent b --handoff--> handoff b [baton.handoff.accepted]
        execute_tool write
`.trim(),
    );
  });
});

describe('nesting', () => {
  it('goes through foreign spans, both ways', async () => {
    const foreign = trace.getTracer('http');
    const inForeign = <T>(name: string, fn: () => T): T =>
      foreign.startActiveSpan(name, (span) => {
        try {
          return fn();
        } finally {
          span.end();
        }
      });
    baton.withSession({ id: 's' }, () => {
      inForeign('queue', () =>
        baton.withRun({ agent: 'a' }, (run) => {
          inForeign('GET /one', () => {
            baton.withTool({ tool: 'by context' }, () => inForeign('GET /two', () => {}));
            baton.withTool({ tool: 'by id', runId: run.id }, () => {});
            baton.trackHandoffRequested({ target: 'b' });
            baton.withChildRun({ agent: 'b' }, () => inForeign('GET /three', () => {}));
          });
        }),
      );
    });
    // Foreign spans start in whole milliseconds: compare parents, not order.
    const parents = recording.spans().map((span) => {
      const parent = recording.spans().find((one) => one.spanContext().spanId === span.parentSpanContext?.spanId);
      return `${parent?.name} > ${span.name}`;
    });
    expect(parents.sort()).toEqual(
      [
        'undefined > invoke_workflow',
        'invoke_workflow > queue',
        'queue > invoke_agent a',
        'invoke_agent a > GET /one',
        'GET /one > execute_tool by context',
        'execute_tool by context > GET /two',
        'GET /one > execute_tool by id',
        'GET /one > handoff b',
        'handoff b > accept_handoff a',
        'GET /one > invoke_agent b',
        'invoke_agent b > GET /three',
      ].sort(),
    );
    expect(attributesOf('invoke_agent b')['baton.run.parent_id']).toBe(attributesOf('invoke_agent a')['baton.run.id']);
  });

  it('goes through steps in steps, across awaits', async () => {
    await baton.withRun({ agent: 'a' }, () =>
      baton.withWorkflowStep({ stepKey: '1' }, async () => {
        await Promise.all(
          ['1.1', '1.2'].map((stepKey) =>
            baton.withWorkflowStep({ stepKey }, async () => {
              await new Promise((resolve) => setImmediate(resolve));
              await baton.withWorkflowStep({ stepKey: `${stepKey}.1` }, () =>
                baton.withTool({ tool: `tool of ${stepKey}` }, async () => {}),
              );
            }),
          ),
        );
      }),
    );
    expect(tree()).toBe(
      `
invoke_agent a
  run_step 1
    run_step 1.1
      run_step 1.1.1
        execute_tool tool of 1.1
    run_step 1.2
      run_step 1.2.1
        execute_tool tool of 1.2
`.trim(),
    );
  });
});

describe('a session', () => {
  it('hangs under the span that is active: an HTTP server span, say', () => {
    const server = trace.getTracer('http').startActiveSpan('POST /ticket', { kind: SpanKind.SERVER }, (span) => {
      baton.withSession({ id: 'ticket-1' }, () => baton.withRun({ agent: 'a' }, () => {}));
      span.end();
      return span;
    });
    expect(tree('session.id')).toBe(
      `
POST /ticket SERVER
  invoke_workflow {session.id=ticket-1}
    invoke_agent a {session.id=ticket-1}
`.trim(),
    );
    expect(named('invoke_agent a').spanContext().traceId).toBe(server.spanContext().traceId);
  });

  it('is called by its name, else by its kind; one agent on its own is no workflow', () => {
    baton.withSession({ name: 'escalation', kind: 'pipeline' }, () => {});
    baton.withSession({ kind: 'multi_agent' }, () => {});
    baton.withSession({ kind: 'single_agent' }, () => {});
    expect(tree('gen_ai.operation.name', 'gen_ai.workflow.name', 'baton.session.kind')).toBe(
      `
invoke_workflow escalation {operation.name=invoke_workflow workflow.name=escalation session.kind=pipeline}
invoke_workflow multi_agent {operation.name=invoke_workflow workflow.name=multi_agent session.kind=multi_agent}
session single_agent {session.kind=single_agent}
`.trim(),
    );
  });

  it('puts user and conversation on all of its spans, and the environment on itself', () => {
    baton = client({ environment: 'staging' });
    baton.withSession({ id: 's', userId: 'u-7', conversationId: 'thread-9', previousSessionId: 'r' }, () =>
      baton.withRun({ agent: 'a' }, () => {
        baton.withWorkflowStep({ stepKey: 'one' }, () => {});
        baton.withTool({ tool: 'search' }, () => {});
        baton.withLlmCall({ model: 'm' }, () => {});
        baton.trackHandoffRequested({});
        baton.withChildRun({ agent: 'b' }, () => {});
      }),
    );
    const all = recording.spans();
    expect(all).toHaveLength(8);
    for (const { attributes } of all) {
      expect(attributes).toMatchObject({ 'session.id': 's', 'user.id': 'u-7', 'gen_ai.conversation.id': 'thread-9' });
    }
    expect(tree('baton.environment', 'session.previous_id').match(/\{.*\}/g)).toEqual([
      '{baton.environment=staging session.previous_id=r}',
    ]);
  });

  it('may be given its own environment, and so may a run and a handoff; a run outside any session has the client’s', () => {
    baton = client({ environment: 'staging' });
    baton.withSession({ environment: 'production' }, () =>
      baton.withRun({ agent: 'a', environment: 'sandbox' }, () =>
        baton.trackHandoffRequested({ target: 'b', environment: 'canary' }),
      ),
    );
    baton.withRun({ agent: 'b' }, () => baton.withRun({ agent: 'c' }, () => {}));
    expect(tree('baton.environment')).toBe(
      `
invoke_workflow {baton.environment=production}
  invoke_agent a {baton.environment=sandbox}
    handoff b PRODUCER {baton.environment=canary}
invoke_agent b {baton.environment=staging}
  invoke_agent c
`.trim(),
    );
  });

  it('says what came of it', () => {
    baton.withSession({ inputSummary: { ticket: 1 } }, (session) => {
      baton.withRun({ agent: 'a' }, () => baton.withRun({ agent: 'b' }, () => {}));
      baton.withRun({ agent: 'a' }, () => {});
      session.setOutputSummary('Solved');
      session.setMetadata({ rating: 5 });
    });
    expect(attributesOf('invoke_workflow')).toMatchObject({
      'baton.session.status': 'completed',
      'baton.session.input_summary': '{"ticket":1}',
      'baton.session.output_summary': 'Solved',
      'baton.metadata.rating': 5,
      'baton.handoff.count': 0,
      'baton.agents': ['a', 'b'],
    });
  });

  it('inside another has its own id and its own bookkeeping', () => {
    baton.withSession({ id: 'outer' }, () =>
      baton.withRun({ agent: 'a' }, () => {
        baton.withSession({ id: 'inner' }, () => baton.withRun({ agent: 'b' }, () => {}));
        baton.withTool({ tool: 'search' }, () => {});
      }),
    );
    expect(tree('session.id', 'baton.agents', 'baton.run.parent_id')).toBe(
      `
invoke_workflow {session.id=outer baton.agents=a}
  invoke_agent a {session.id=outer}
    invoke_workflow {session.id=inner baton.agents=b}
      invoke_agent b {session.id=inner}
    execute_tool search {session.id=outer}
`.trim(),
    );
  });

  describe('of which two have the same id at once', () => {
    it('keeps what happens inside each of them apart', async () => {
      const turn = (agent: string): Promise<void> =>
        baton.withSession({ id: 'ticket-1', name: agent }, async (session) => {
          await new Promise((resolve) => setImmediate(resolve));
          await baton.withRun({ agent, sessionId: session.id }, async () => {
            baton.trackHandoffRequested({ target: 'billing' });
            await new Promise((resolve) => setImmediate(resolve));
            await baton.withChildRun({ agent: 'billing' }, async () => {});
          });
          expect(session.handoffs.path()).toBe(`${agent} → billing`);
        });
      await Promise.all([turn('x'), turn('y')]);
      expect(tree('session.id')).toBe(
        ['x', 'y']
          .map(
            (agent) => `
invoke_workflow ${agent} {session.id=ticket-1}
  invoke_agent ${agent} {session.id=ticket-1}
    handoff billing PRODUCER {session.id=ticket-1}
      accept_handoff ${agent} CONSUMER {session.id=ticket-1}
    invoke_agent billing {session.id=ticket-1} --handoff--> handoff billing [baton.handoff.accepted]
`,
          )
          .join('')
          .replaceAll('\n\n', '\n')
          .trim(),
      );
      expect(registry.sessions.size).toBe(0);
    });

    it('finds by that id the newest that is open', () => {
      const first = baton.startSession({ id: 'ticket-1', name: 'first' });
      const second = baton.startSession({ id: 'ticket-1', name: 'second' });
      baton.startRun({ sessionId: 'ticket-1', agent: 'a' }).end();
      second.end();
      baton.startRun({ sessionId: 'ticket-1', agent: 'b' }).end();
      first.end();
      expect(tree()).toBe(
        `
invoke_workflow first
  invoke_agent b
invoke_workflow second
  invoke_agent a
`.trim(),
      );
    });

    it('keeps none that has ended in memory, however many overlap', async () => {
      const collect = await garbageCollector();
      const seen: WeakRef<object>[] = [];
      let older = baton.startSession({ id: 'ticket-1' });
      for (let index = 0; index < 50; index++) {
        const newer = baton.startSession({ id: 'ticket-1' });
        seen.push(new WeakRef(older.handoffs));
        older.end();
        older = newer;
      }
      await collect();
      expect(seen.filter((one) => one.deref()).length).toBeLessThan(5);
      older.end();
    });

    it('leaves the newer one known when the older one ends', () => {
      const first = baton.startSession({ id: 'ticket-1', name: 'first' });
      const second = baton.startSession({ id: 'ticket-1', name: 'second' });
      first.end();
      baton.startRun({ sessionId: 'ticket-1', agent: 'a' }).end();
      second.end();
      expect(tree()).toBe('invoke_workflow first\ninvoke_workflow second\n  invoke_agent a');
    });
  });
});

describe('start… without a callback', () => {
  it('lasts until end(), which counts once', () => {
    const session = baton.startSession({ id: 's' });
    const run = baton.startRun({ sessionId: 's', agent: 'a' });
    const step = baton.startWorkflowStep({ runId: run.id, stepKey: 'one' });
    expect(tree()).toBe('');
    step.end();
    step.end();
    step.fail(new Error('too late'));
    expect(tree()).toBe('run_step one (parent elsewhere)');
    run.end();
    session.end();
    expect(tree('baton.run.status')).toBe('invoke_workflow\n  invoke_agent a {run.status=completed}\n    run_step one');
  });

  it('ends at the end of a using block, and does not say how it went: nobody can see that from there', async () => {
    const session = baton.startSession({ id: 's' });
    const run = baton.startRun({ sessionId: 's', agent: 'a' });
    const tool = baton.startTool({ runId: run.id, tool: 'search' });
    tool[Symbol.dispose]();
    await run[Symbol.asyncDispose]();
    expect(recording.names()).toEqual(['execute_tool search', 'invoke_agent a']);
    tool[Symbol.dispose]();
    await session[Symbol.asyncDispose]();
    expect(tree('baton.session.status', 'baton.run.status')).toBe(
      'invoke_workflow\n  invoke_agent a\n    execute_tool search',
    );
  });

  it('can be failed', () => {
    const session = baton.startSession({ id: 's' });
    const run = baton.startRun({ sessionId: 's', agent: 'a' });
    const error = new RangeError('out of it');
    run.fail(error);
    session.fail(error);
    expect(tree('baton.session.status', 'baton.run.status')).toBe(
      `
invoke_workflow ERROR(out of it) {session.status=failed}
  invoke_agent a ERROR(out of it) {run.status=failed} [exception]
`.trim(),
    );
  });

  it('is around what happens within(), and does not end with it', async () => {
    const session = baton.startSession({ id: 's' });
    const result = session.within(() => {
      baton.withRun({ agent: 'a' }, () => {});
      return 7;
    });
    const run = session.within(() => baton.startRun({ agent: 'b' }));
    await run.within(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      const step = baton.startWorkflowStep({ stepKey: 'one' });
      step.within(() => baton.withTool({ tool: 'search' }, () => {}));
      step.end();
    });
    baton.withTool({ tool: 'outside', runId: run.id }, () => {});
    run.end();
    session.end();
    expect(result).toBe(7);
    expect(tree()).toBe(
      `
invoke_workflow
  invoke_agent a
  invoke_agent b
    run_step one
      execute_tool search
    execute_tool outside
`.trim(),
    );
    expect(warnings).toEqual([]);
  });
});

describe('what is still open when its session ends', () => {
  it('is ended, the innermost first, and marked', () => {
    const session = baton.startSession({ id: 's' });
    const run = session.within(() => baton.startRun({ agent: 'a' }));
    run.within(() => {
      const step = baton.startWorkflowStep({ stepKey: 'one' });
      step.within(() => {
        baton.startTool({ tool: 'search' });
        baton.startLlmCall({ model: 'm' });
      });
      baton.trackHandoffRequested({ target: 'b' });
      baton.startChildRun({ agent: 'b' });
      baton.startTool({ tool: 'done' }).end();
    });
    session.end();
    expect(tree('baton.run.status', 'baton.abandoned', 'baton.handoff.status', 'baton.session.status')).toBe(
      `
invoke_workflow {session.status=completed}
  invoke_agent a {run.status=abandoned}
    run_step one {baton.abandoned=true}
      execute_tool search {baton.abandoned=true}
      chat m CLIENT {baton.abandoned=true}
    handoff b PRODUCER {handoff.status=accepted}
      accept_handoff a CONSUMER {handoff.status=accepted}
    invoke_agent b {run.status=abandoned handoff.status=accepted} --handoff--> handoff b [baton.handoff.accepted]
    execute_tool done
`.trim(),
    );
    const spans = recording.spans();
    const order = spans.filter(({ kind }) => kind !== SpanKind.PRODUCER && kind !== SpanKind.CONSUMER);
    expect(order.map(({ name }) => name)).toEqual([
      'execute_tool done',
      'invoke_agent b',
      'chat m',
      'execute_tool search',
      'run_step one',
      'invoke_agent a',
      'invoke_workflow',
    ]);
    for (const { status } of spans) expect(status.code).toBe(SpanStatusCode.UNSET);
    const ends = order.slice(1).map(({ endTime }) => micros(endTime));
    expect(ends).toEqual([...ends].sort((a, b) => a - b));
    expect([registry.sessions.size, registry.runs.size, registry.handoffs.size]).toEqual([0, 0, 0]);
  });

  it('does nothing when it is ended once more', () => {
    const session = baton.startSession({ id: 's' });
    const run = baton.startRun({ sessionId: 's', agent: 'a' });
    session.end();
    run.end();
    run.fail(new Error('late'));
    expect(tree('baton.run.status')).toBe('invoke_workflow\n  invoke_agent a {run.status=abandoned}');
    expect(warnings).toEqual([]);
  });

  it('is ended with the run, when that stands outside any session', () => {
    const run = baton.startRun({ agent: 'a' });
    run.within(() => {
      baton.startWorkflowStep({ stepKey: 'one' });
      baton.startRun({ agent: 'b' });
    });
    run.end();
    expect(tree('baton.run.status', 'baton.abandoned')).toBe(
      `
invoke_agent a {run.status=completed}
  run_step one {baton.abandoned=true}
  invoke_agent b {run.status=abandoned}
`.trim(),
    );
    expect(registry.runs.size).toBe(0);
  });

  it('is ended at shutdown, and the session says cancelled', async () => {
    const session = baton.startSession({ id: 's' });
    session.within(() => baton.startRun({ agent: 'a' }));
    baton.startRun({ agent: 'on its own' });
    await baton.shutdown();
    expect(tree('baton.session.status', 'baton.run.status')).toBe(
      `
invoke_workflow {session.status=cancelled}
  invoke_agent a {run.status=abandoned}
invoke_agent on its own {run.status=abandoned}
`.trim(),
    );
  });

  it('leaves another session alone', () => {
    const one = baton.startSession({ id: 'one' });
    const two = baton.startSession({ id: 'two' });
    one.within(() => baton.startRun({ agent: 'a' }));
    const run = two.within(() => baton.startRun({ agent: 'b' }));
    one.end();
    run.end();
    two.end();
    expect(tree('baton.run.status')).toBe(
      `
invoke_workflow
  invoke_agent a {run.status=abandoned}
invoke_workflow
  invoke_agent b {run.status=completed}
`.trim(),
    );
  });
});

describe('setters', () => {
  it('give a run its output and its metadata', () => {
    baton.withRun({ inputSummary: 'Ticket 1', metadata: { try: 1 } }, (run) => {
      run.setOutputSummary({ answer: 42 });
      run.setMetadata({ try: 2, more: true });
    });
    expect(attributesOf('invoke_agent app')).toMatchObject({
      'baton.run.input_summary': 'Ticket 1',
      'baton.run.output_summary': '{"answer":42}',
      'baton.metadata.try': 2,
      'baton.metadata.more': true,
    });
  });

  it('rename a run when its agent is known only later, and what it does from then on is the agent’s', () => {
    baton.withSession({}, () =>
      baton.withRun({}, (run) => {
        run.setAgent({ key: 'billing', name: 'Billing Desk', version: '2' });
        baton.withTool({ tool: 'search' }, () => {});
        baton.trackHandoffRequested({ target: 'sales' });
      }),
    );
    expect(tree('baton.agent.key', 'baton.handoff.source')).toBe(
      `
invoke_workflow
  invoke_agent Billing Desk {agent.key=billing}
    execute_tool search {agent.key=billing}
    handoff sales PRODUCER {agent.key=billing handoff.source=billing}
`.trim(),
    );
    expect(attributesOf('invoke_agent Billing Desk')).toMatchObject({
      'gen_ai.agent.id': 'billing',
      'gen_ai.agent.name': 'Billing Desk',
      'gen_ai.agent.version': '2',
    });
  });

  it('give a step its payload, a tool call its result and whether it came from an earlier call', () => {
    baton = client({ content: 'full' });
    baton.withRun({}, () => {
      baton.withWorkflowStep({ stepKey: 'one' }, (step) => step.setPayloadSummary({ found: 3 }));
      baton.withTool({ tool: 'pay', idempotencyKey: 'k-1', arguments: { amount: 5 } }, (call) => {
        call.setResult({ ok: true });
        call.setCached(true);
      });
    });
    expect(attributesOf('run_step one')['baton.step.payload_summary']).toBe('{"found":3}');
    expect(attributesOf('execute_tool pay')).toMatchObject({
      'gen_ai.tool.call.arguments': '{"amount":5}',
      'gen_ai.tool.call.result': '{"ok":true}',
      'baton.tool.idempotency_key': 'k-1',
      'baton.tool.cached': true,
    });
  });

  it('keep arguments and results to the process unless all content is wanted', () => {
    baton.withRun({}, () => {
      baton.withTool({ tool: 'pay', arguments: { amount: 5 } }, (call) => call.setResult({ ok: true }));
      baton.withLlmCall({ model: 'm', messages: ['hi'] }, (call) => call.setResponse({ messages: ['ho'] }));
    });
    for (const name of ['execute_tool pay', 'chat m']) {
      expect(Object.keys(attributesOf(name)).filter((key) => /arguments|result|messages/.test(key))).toEqual([]);
    }
  });

  it('sum up in a run what its own model calls used', () => {
    baton.withRun({ agent: 'a' }, () => {
      baton.withLlmCall({ model: 'm', provider: 'openai', usage: { inputTokens: 10 } }, (call) =>
        call.setUsage({ inputTokens: 12, outputTokens: 5, cacheReadTokens: 1, cost: { usd: 0.25, EUR: 0.2 } }),
      );
      baton.withWorkflowStep({ stepKey: 'one' }, () =>
        baton.withLlmCall({ model: 'n', provider: 'openai' }, (call) =>
          call.setResponse({
            id: 'r-1',
            model: 'n-2',
            finishReasons: ['stop'],
            usage: { inputTokens: 100, outputTokens: 50, cacheCreationTokens: 2, reasoningTokens: 3 },
          }),
        ),
      );
      baton.withRun({ agent: 'b' }, () =>
        baton.withLlmCall({ model: 'o', provider: 'anthropic', usage: { inputTokens: 1_000 } }, () => {}),
      );
    });
    expect(attributesOf('invoke_agent a')).toMatchObject({
      'gen_ai.usage.input_tokens': 112,
      'gen_ai.usage.output_tokens': 55,
      'gen_ai.usage.cache_read.input_tokens': 1,
      'gen_ai.usage.cache_creation.input_tokens': 2,
      'gen_ai.usage.reasoning.output_tokens': 3,
      'gen_ai.provider.name': 'openai',
    });
    expect(attributesOf('invoke_agent b')).toMatchObject({
      'gen_ai.usage.input_tokens': 1_000,
      'gen_ai.provider.name': 'anthropic',
    });
    expect(attributesOf('chat m')).toMatchObject({
      'gen_ai.usage.input_tokens': 12,
      'baton.usage.cost.usd': 0.25,
      'baton.usage.cost.eur': 0.2,
    });
    expect(attributesOf('chat n')).toMatchObject({
      'gen_ai.response.id': 'r-1',
      'gen_ai.response.model': 'n-2',
      'gen_ai.response.finish_reasons': ['stop'],
    });
    // A sum under the key of the calls would count each cost twice.
    expect(attributesOf('invoke_agent a')).not.toHaveProperty(['baton.usage.cost.usd']);
  });

  it('name no provider for a run that called two', () => {
    baton.withRun({ agent: 'a' }, () => {
      baton.withLlmCall({ model: 'm', provider: 'openai' }, () => {});
      baton.withLlmCall({ model: { name: 'n', provider: 'anthropic' } }, () => {});
    });
    expect(attributesOf('chat n')['gen_ai.provider.name']).toBe('anthropic');
    expect(attributesOf('invoke_agent a')).not.toHaveProperty(['gen_ai.provider.name']);
  });

  it('of a run win over the sum', () => {
    baton.withRun({ agent: 'a' }, (run) => {
      run.setUsage({ inputTokens: 7 });
      baton.withLlmCall({ model: 'm', usage: { inputTokens: 100, outputTokens: 1 } }, () => {});
    });
    expect(attributesOf('invoke_agent a')['gen_ai.usage.input_tokens']).toBe(7);
    expect(attributesOf('invoke_agent a')).not.toHaveProperty(['gen_ai.usage.output_tokens']);
  });

  it('that get what is no count throw where they are called when strict, and the run still ends', () => {
    baton = client({ strict: true });
    const run = baton.startRun({ agent: 'a' });
    expect(() => run.setUsage({ inputTokens: -1 })).toThrow(/usage\.inputTokens.*invalid_input/);
    run.end();
    expect(tree('baton.run.status')).toBe('invoke_agent a {run.status=completed}');
    expect([registry.runs.size, codes()]).toEqual([0, []]);
  });

  it('after the end are warned about and lost', () => {
    const run = baton.startRun({ agent: 'a' });
    run.end();
    run.setOutputSummary('late');
    run.setMetadata({ late: true });
    run.setAgent('b');
    expect(codes()).toEqual(['ended_scope']);
    expect(tree('baton.run.output_summary', 'baton.metadata.late')).toBe('invoke_agent a');
  });
});

describe('a tool call', () => {
  it('says what it does to what', () => {
    baton.withRun({ agent: 'a' }, () =>
      baton.withTool(
        {
          tool: { name: 'merge_pr', provider: 'github', riskLevel: 'high', type: 'function', description: 'Merges' },
          action: { type: 'merge', name: 'merge pull request' },
          resource: { type: 'code_repository', externalId: 'org/repo', provider: 'github', environment: 'production' },
          callId: 'call-1',
        },
        () => {},
      ),
    );
    const { attributes, kind } = named('execute_tool merge_pr');
    expect(kind).toBe(SpanKind.INTERNAL);
    expect(attributes).toEqual({
      'session.id': expect.stringMatching(UUID),
      'baton.run.id': attributesOf('invoke_agent a')['baton.run.id'],
      'baton.agent.key': 'a',
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'merge_pr',
      'gen_ai.tool.type': 'function',
      'gen_ai.tool.description': 'Merges',
      'gen_ai.tool.call.id': 'call-1',
      'baton.tool.provider': 'github',
      'baton.tool.risk_level': 'high',
      'baton.action.type': 'merge',
      'baton.action.name': 'merge pull request',
      'baton.resource.type': 'code_repository',
      'baton.resource.id': 'org/repo',
      'baton.resource.provider': 'github',
      'baton.resource.environment': 'production',
    });
  });

  it('over MCP is one span that says so, with the server as provider and flat fields for nested ones', () => {
    baton.withRun({ agent: 'a' }, () =>
      baton.withMcpCall(
        {
          server: 'github-mcp',
          tool: 'create_issue',
          riskLevel: 'medium',
          actionType: 'create',
          actionName: 'create issue',
          resourceType: 'work_item',
          resourceProvider: 'github',
          resourceId: '17',
          environment: 'staging',
          callId: 'call-2',
        },
        () => {},
      ),
    );
    expect(tree()).toBe('invoke_agent a\n  execute_tool create_issue');
    expect(attributesOf('execute_tool create_issue')).toMatchObject({
      'mcp.method.name': 'tools/call',
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'create_issue',
      'gen_ai.tool.call.id': 'call-2',
      'baton.tool.provider': 'github-mcp',
      'baton.tool.risk_level': 'medium',
      'baton.action.type': 'create',
      'baton.action.name': 'create issue',
      'baton.resource.type': 'work_item',
      'baton.resource.id': '17',
      'baton.resource.provider': 'github',
      'baton.resource.environment': 'staging',
    });
  });
});

describe('a model call', () => {
  it('is a CLIENT span, named by operation and model', () => {
    baton.withRun({ agent: 'a' }, () => {
      baton.withLlmCall({ model: 'gpt-5.5', provider: 'openai' }, () => {});
      baton.withLlmCall({ operation: 'generate_content', model: { name: 'gemini', provider: 'gcp.gemini' } }, () => {});
      baton.withLlmCall({}, () => {});
    });
    expect(tree('gen_ai.operation.name', 'gen_ai.request.model', 'gen_ai.provider.name')).toBe(
      `
invoke_agent a {operation.name=invoke_agent}
  chat gpt-5.5 CLIENT {operation.name=chat request.model=gpt-5.5 provider.name=openai}
  generate_content gemini CLIENT {operation.name=generate_content request.model=gemini provider.name=gcp.gemini}
  chat CLIENT {operation.name=chat}
`.trim(),
    );
  });
});

describe('operationNames', () => {
  function tellAll(): void {
    baton.withSession({}, () =>
      baton.withRun({ agent: 'a' }, () => {
        baton.withWorkflowStep({ stepKey: 'one' }, () => {});
        baton.trackHandoffRequested({ target: 'b' });
        baton.withChildRun({ agent: 'b' }, () => baton.withTool({ tool: 'search' }, () => {}));
      }),
    );
  }

  function operations(): Record<string, unknown> {
    return Object.fromEntries(
      recording.spans().map(({ name, attributes }) => [name, attributes['gen_ai.operation.name']]),
    );
  }

  it('leave gen_ai.* off steps and handoffs, unless told otherwise', () => {
    tellAll();
    expect(operations()).toMatchObject({
      'run_step one': undefined,
      'handoff b': undefined,
      'accept_handoff a': undefined,
    });
    for (const name of ['run_step one', 'handoff b', 'accept_handoff a']) {
      expect(Object.keys(attributesOf(name)).filter((key) => key.startsWith('gen_ai.'))).toEqual([]);
    }
  });

  it('of all stand on each of them', () => {
    baton = client({ operationNames: 'all' });
    tellAll();
    expect(operations()).toMatchObject({
      invoke_workflow: 'invoke_workflow',
      'invoke_agent a': 'invoke_agent',
      'run_step one': 'run_step',
      'handoff b': 'handoff',
      'invoke_agent b': 'invoke_agent',
      'execute_tool search': 'execute_tool',
    });
  });
});

describe('times', () => {
  function lengths(): number[] {
    return recording.spans().map(({ startTime, endTime }) => micros(endTime) - micros(startTime));
  }

  function startsOf(prefix: string): number[] {
    return recording
      .spans()
      .filter(({ name }) => name.startsWith(prefix))
      .map(({ startTime }) => micros(startTime));
  }

  function isStrictlyRising(values: readonly number[]): boolean {
    return values.every((value, index) => index === 0 || value > (values[index - 1] as number));
  }

  function stepTo(milliseconds: number): void {
    const real = Date.now.bind(Date);
    jest.restoreAllMocks();
    jest.spyOn(Date, 'now').mockImplementation(() => real() + milliseconds);
  }

  it('of ten thousand siblings in a tight loop strictly rise, and each lasts', () => {
    baton.withRun({ agent: 'a' }, () => {
      for (let index = 0; index < 10_000; index++) baton.withWorkflowStep({ stepKey: 'one' }, () => {});
    });
    expect(startsOf('run_step')).toHaveLength(10_000);
    expect(isStrictlyRising(startsOf('run_step'))).toBe(true);
    expect(Math.min(...lengths())).toBeGreaterThanOrEqual(1);
  });

  it('strictly rise also where the clock is coarse, as in a browser', () => {
    const real = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => Math.floor(real()));
    baton.withRun({ agent: 'a' }, () => {
      for (let index = 0; index < 1_000; index++) baton.withWorkflowStep({ stepKey: 'one' }, () => {});
    });
    expect(isStrictlyRising(startsOf('run_step'))).toBe(true);
    expect(startsOf('run_step')[0]).toBeGreaterThan(startsOf('invoke_agent')[0] as number);
    expect(Math.min(...lengths())).toBeGreaterThanOrEqual(1);
  });

  it('are whole microseconds near the wall clock', () => {
    const before = Date.now();
    baton.withRun({ agent: 'a' }, () => {});
    const { startTime, endTime } = named('invoke_agent a');
    for (const time of [startTime, endTime]) {
      expect(Number.isInteger(micros(time))).toBe(true);
      expect(micros(time) / 1e3).toBeGreaterThanOrEqual(before);
      expect(micros(time) / 1e3).toBeLessThan(Date.now() + 1);
    }
  });

  it('nest: a child starts after its parent and ends before it', () => {
    baton.withSession({}, () =>
      baton.withRun({ agent: 'a' }, () => baton.withWorkflowStep({ stepKey: 'one' }, () => {})),
    );
    const [step, run, session] = recording.spans() as [ReadableSpan, ReadableSpan, ReadableSpan];
    const order = [session, run, step].map(({ startTime }) => micros(startTime));
    order.push(...[step, run, session].map(({ endTime }) => micros(endTime)));
    expect(isStrictlyRising(order)).toBe(true);
  });

  it.each([-3_600_000, 3_600_000])('follow the wall clock at once when it steps by %s ms', (milliseconds) => {
    let stepped = 0;
    baton.withRun({ agent: 'a' }, () => {
      const across = baton.startTool({ tool: 'across' });
      for (let index = 0; index < 100; index++) baton.withWorkflowStep({ stepKey: 'before' }, () => {});
      stepTo(milliseconds);
      stepped = Date.now();
      for (let index = 0; index < 1_000; index++) baton.withWorkflowStep({ stepKey: 'after' }, () => {});
      across.end();
    });
    expect(isStrictlyRising(startsOf('run_step before'))).toBe(true);
    expect(isStrictlyRising(startsOf('run_step after'))).toBe(true);
    expect(Math.min(...lengths())).toBeGreaterThanOrEqual(1);
    const after = startsOf('run_step after')[0] as number;
    // Within a millisecond: the wall clock shows no less.
    expect(after / 1e3).toBeGreaterThan(stepped - 1);
    expect(after / 1e3).toBeLessThan(Date.now() + 1);
  });

  it('keep their order while the wall clock is corrected by little', () => {
    baton.withRun({ agent: 'a' }, () => {
      for (let index = 0; index < 1_000; index++) {
        if (index % 100 === 0) stepTo((index / 100) % 2 === 0 ? 2 : -2);
        baton.withWorkflowStep({ stepKey: 'one' }, () => {});
      }
    });
    expect(isStrictlyRising(startsOf('run_step'))).toBe(true);
    expect(Math.min(...lengths())).toBeGreaterThanOrEqual(1);
  });
});
