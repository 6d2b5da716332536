import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AlwaysOffSampler, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { MOST_KEPT } from '../../src/by-id.ts';
import { Baton, type Run, type Scoped } from '../../src/index.ts';
import { recordEachTest } from '../support/recording.ts';
import { registry } from '../support/registry.ts';

// What an app never ends: bounds as in an app are tried by the soak bench, here they are small.

const { evicted } = registry;
const bounded = [...Object.values(registry.open), registry.droppedSessions, evicted.runs];

let baton: Baton;

beforeEach(() => {
  baton = new Baton({ agent: 'app', strict: true });
});

afterEach(async () => {
  await baton.shutdown();
  for (const each of bounded) each.limit = MOST_KEPT;
  evicted.runs.clear();
  evicted.hasForgotten = false;
});

// Stops after the client has.
const recording = recordEachTest();
const { names } = recording;

function atMost(limit: number): void {
  for (const each of bounded) each.limit = limit;
}

const spanOf = ({ id }: { readonly id: string }): ReadableSpan | undefined =>
  recording.spans().find((span) => span.spanContext().spanId === id.slice(36, 52));

describe('more than may be open', () => {
  const kinds: Readonly<Record<string, (number: number) => Scoped>> = {
    sessions: (number) => baton.startSession({ name: `${number}` }),
    'per-run sessions': (number) => baton.startSession({ name: `${number}`, trace: 'per-run' }),
    runs: (number) => baton.startRun({ agent: `${number}` }),
    tools: (number) => baton.startTool({ tool: `${number}` }),
    steps: (number) => baton.startWorkflowStep({ stepKey: `${number}` }),
    'model calls': (number) => baton.startLlmCall({ model: `${number}` }),
    'MCP calls': (number) => baton.startMcpCall({ tool: `${number}` }),
    approvals: (number) => baton.startApproval({ tool: `${number}` }),
  };

  it.each(Object.entries(kinds))('of %s: the first are forgotten, counted, and end as ever', async (_, open) => {
    baton = new Baton({ agent: 'app' });
    atMost(3);
    const scopes = [1, 2, 3, 4, 5].map(open);
    expect(names()).toEqual([]);
    expect(baton.warnings().too_many_open).toBe(2);
    expect(
      Object.values(registry.open)
        .map(({ size }) => size)
        .filter(Boolean),
    ).toEqual([3]);
    for (const scope of scopes.slice(0, 2)) {
      scope.setMetadata({ late: true });
      scope.fail(new Error('no'));
    }
    expect(names().map((name) => name.replace(/^.* /, ''))).toEqual(['1', '2']);
    for (const { attributes, status } of recording.spans()) {
      expect(attributes).toMatchObject({ 'baton.metadata.late': true, 'error.type': 'Error' });
      expect(status.message).toBe('no');
    }
    // What is forgotten is not ended by the end of the client.
    await baton.shutdown();
    expect(names()).toHaveLength(5);
  });

  it('says once what to look for', () => {
    const told: string[] = [];
    baton = new Baton({ agent: 'app', onWarning: ({ message }) => void told.push(message) });
    atMost(3);
    for (let number = 1; number <= 9; number++) baton.startRun({});
    expect(told).toEqual([expect.stringMatching(/more than 3 runs are open.*forgotten.*without its end\(\)/)]);
  });

  it('pushes none of another kind out', () => {
    atMost(3);
    const session = baton.startSession({});
    const run = session.within(() => baton.startRun({}));
    const approval = run.within(() => baton.startApproval({ tool: 'refund' }));
    for (let number = 1; number <= 9; number++) run.within(() => baton.startTool({ tool: `${number}` }));
    for (const scope of [approval, run, session]) scope.end();
    expect(names().filter((name) => !name.startsWith('execute_tool'))).toEqual([
      'await_approval refund',
      'invoke_agent app',
      'invoke_workflow',
    ]);
    expect(run.id).toBe(recording.spans().find(({ name }) => name === 'invoke_agent app')?.attributes['baton.run.id']);
  });

  it('spares what is at work: something is open inside it', () => {
    atMost(3);
    const outer = baton.startRun({ agent: 'outer' });
    for (let number = 1; number <= 9; number++) outer.within(() => baton.startChildRun({ agent: `${number}` }));
    expect(registry.runs.get(outer.id)).toBeDefined();
    expect(registry.runs.size).toBe(3);
    outer.end();
    expect(spanOf(outer)?.attributes['baton.run.status']).toBe('completed');
  });

  it('spares nobody for ever: where something is open inside each of them, the first give way', () => {
    atMost(20);
    for (let number = 1; number <= 100; number++) {
      baton.startRun({ agent: `${number}` }).within(() => baton.startTool({ tool: `${number}` }));
      expect(registry.open.runs.size).toBeLessThanOrEqual(20);
    }
  });

  it('of sessions that the sampler dropped: counted, and what names the forgotten ones goes its own way', async () => {
    await recording.startAgain({ sampler: new AlwaysOffSampler() });
    atMost(3);
    for (let number = 1; number <= 5; number++) baton.startSession({ id: `${number}` });
    expect(baton.warnings()).toEqual({ too_many_open: 2 });
  });
});

describe('a run that gave way', () => {
  function gaveWay(sessionId: string): Run {
    const run = baton.startRun({ agent: 'first', sessionId });
    for (let number = 0; number < registry.open.runs.limit; number++) baton.startRun({ agent: 'newer' });
    expect(registry.runs.get(run.id)).toBeUndefined();
    return run;
  }

  it('is a place in a trace: its children have its session, from wherever they name it', () => {
    atMost(2);
    const own = baton.startSession({ id: 'own' });
    const run = gaveWay('own');
    baton.withSession({ id: 'other' }, () => {
      baton.withChildRun({ parentRunId: run.id, agent: 'child' }, (child) => expect(child.sessionId).toBe('own'));
      baton.startTool({ runId: run.id, tool: 'late' }).end();
    });
    baton.withChildRun({ parentRunId: run.id, agent: 'outside' }, (child) => expect(child.sessionId).toBe('own'));
    run.within(() => baton.withTool({ tool: 'within' }, () => {}));
    own.end();
    const below = recording
      .spans()
      .filter(({ parentSpanContext }) => parentSpanContext?.spanId === run.id.slice(36, 52));
    expect(
      below.map(({ name, attributes }) => [name, attributes['session.id'], attributes['baton.agent.key']]),
    ).toEqual([
      ['invoke_agent child', 'own', 'child'],
      ['execute_tool late', 'own', 'first'],
      ['invoke_agent outside', 'own', 'outside'],
      ['execute_tool within', 'own', 'first'],
    ]);
    expect(Object.keys(baton.warnings())).toEqual(['too_many_open']);
  });

  it('leaves its children without a session rather than in a wrong one, once it is forgotten', () => {
    atMost(2);
    const run = gaveWay('own');
    for (let number = 0; number < 9; number++) gaveWay('more');
    baton.withSession({ id: 'other' }, () =>
      baton.withChildRun({ parentRunId: run.id, agent: 'child' }, (child) => {
        expect(child.sessionId).not.toBe('other');
        expect(child.sessionId).not.toBe('more');
      }),
    );
    const child = recording.spans().find(({ name }) => name === 'invoke_agent child');
    expect(child?.parentSpanContext?.spanId).toBe(run.id.slice(36, 52));
  });

  it('of another process still belongs to the session around', () => {
    const elsewhere = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;
    baton.withSession({ id: 'around' }, () =>
      baton.withChildRun({ parentRunId: elsewhere, agent: 'child' }, (child) => expect(child.sessionId).toBe('around')),
    );
  });

  it('or has ended takes no session from a scope that is not its own', () => {
    baton = new Baton({ agent: 'app' });
    const id = baton.withSession({ id: 'own' }, () => baton.withRun({}, (run) => run.id));
    const sessionIn = (sessionId: string): string =>
      baton.withSession({ id: sessionId }, () => baton.withChildRun({ parentRunId: id }, (child) => child.sessionId));
    expect(sessionIn('own')).toBe('own');
    expect(sessionIn('other')).not.toBe('other');
    expect(baton.warnings()).toEqual({ ended_run: 2 });
  });
});

describe('sessions and approvals of one id', () => {
  it('the newest that is open answers to the id, whichever of them ends or gives way first', () => {
    atMost(3);
    const [one, two, three, four] = [1, 2, 3, 4].map((number) =>
      baton.startSession({ id: 's', name: `${number}` }),
    ) as unknown as [Scoped, Scoped, Scoped, Scoped];
    const parentOfNext = (): string | undefined => {
      baton.withRun({ sessionId: 's', agent: 'probe' }, () => {});
      const probe = recording.spans().at(-1);
      const parent = probe?.parentSpanContext?.spanId;
      const isIts = (session: Scoped): boolean =>
        (session as unknown as { span: ReadableSpan }).span.spanContext().spanId === parent;
      return ['one', 'two', 'three', 'four'][[one, two, three, four].findIndex(isIts)];
    };
    expect(parentOfNext()).toBe('four');
    three.end();
    expect(parentOfNext()).toBe('four');
    four.end();
    expect(parentOfNext()).toBe('two');
    two.end();
    expect(parentOfNext()).toBeUndefined();
    expect(registry.sessions.size).toBe(0);
  });

  it('an approval that has ended takes no other of its id along', () => {
    baton.withRun({}, () => {
      const first = baton.startApproval({ id: 'a-1', tool: 'one' });
      baton.startApproval({ id: 'a-1', tool: 'two' });
      first.end();
      baton.resolveApproval({ approvalId: 'a-1', status: 'approved' });
    });
    const decided = recording.spans().filter(({ attributes }) => attributes['baton.approval.status'] === 'approved');
    expect(decided.map(({ name }) => name)).toEqual(['await_approval two']);
  });
});

describe('the agents of one session', () => {
  it('are the first 256; the others are counted in a warning', () => {
    baton.withSession({}, (session) => {
      for (let number = 1; number <= 300; number++) baton.startRun({ agent: `agent-${number}` }).end();
      for (let number = 1; number <= 300; number++) baton.startRun({ agent: 'agent-1' }).end();
      expect(session.handoffs.statistics().agentsInvolved).toBe(256);
    });
    const agents = recording.spans().at(-1)?.attributes['baton.agents'] as string[];
    expect([agents.length, agents[0], agents.at(-1)]).toEqual([256, 'agent-1', 'agent-256']);
    expect(baton.warnings()).toEqual({ too_many_agents: 44 });
  });
});

describe('shutdown', () => {
  it('ends what is open, the innermost first, also what began when its session was over', async () => {
    let late: Run | undefined;
    const session = baton.startSession({ id: 's' });
    const inside = session.within(() => baton.startRun({ agent: 'in time' }));
    inside.within(() => baton.startTool({ tool: 'in time' }));
    session.end();
    session.within(() => {
      late = baton.startRun({ agent: 'late' });
      late.within(() => baton.startTool({ tool: 'late' }));
    });
    await baton.shutdown();
    expect(names()).toEqual([
      'execute_tool in time',
      'invoke_agent in time',
      'invoke_workflow',
      'execute_tool late',
      'invoke_agent late',
    ]);
    expect(recording.tree(['session.id', 'baton.run.status'])).toBe(
      `
invoke_workflow {session.id=s}
  invoke_agent in time {session.id=s run.status=abandoned}
    execute_tool in time {session.id=s}
  invoke_agent late {session.id=s run.status=abandoned}
    execute_tool late {session.id=s}
`.trim(),
    );
  });

  it('leaves alone what belongs to another client', async () => {
    const other = new Baton({ agent: 'other' });
    const [its] = [other.startRun({ agent: 'its' }), baton.startRun({ agent: 'ours' })];
    await baton.shutdown();
    expect(names()).toEqual(['invoke_agent ours']);
    its.end();
    expect(names()).toEqual(['invoke_agent ours', 'invoke_agent its']);
  });
});
