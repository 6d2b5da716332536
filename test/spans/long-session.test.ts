import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { trace } from '@opentelemetry/api';
import { Baton, type Carrier } from '../../src/index.ts';
import { recordEachTest } from '../support/recording.ts';

const recording = recordEachTest();
let baton: Baton;

beforeEach(() => {
  baton = recording.client({ agent: 'support' });
});

const tree = (): string => recording.tree(['baton.session.status', 'baton.run.status']);
const run = (agent: string): void => baton.withRun({ agent }, () => {});

describe('a suspended session', () => {
  it('is known by its id also where that is not ASCII, as HTTP headers have it', () => {
    const carrier = new Headers(Object.entries(baton.startSession({ id: '注文-1' }).suspend()) as [string, string][]);
    baton.resumeSession({ carrier: Object.fromEntries(carrier) }, (session) => expect(session.id).toBe('注文-1'));
    expect(baton.warnings()).toEqual({});
  });

  it('ends with what is open in it, and goes on later, linked to where it stopped', () => {
    let carrier: Carrier = {};
    baton.withSession({ id: 'ticket-1', kind: 'pipeline' }, (session) => {
      run('triage');
      baton.withRun({ agent: 'billing' }, () => {
        carrier = JSON.parse(JSON.stringify(session.suspend()));
      });
      run('too-late');
    });
    const later = new Baton({ agent: 'support' });
    later.resumeSession({ carrier }, (session) => {
      expect(session.id).toBe('ticket-1');
      later.withRun({ agent: 'billing' }, () => {});
    });
    expect(tree()).toBe(
      `
invoke_workflow pipeline {session.status=suspended}
  invoke_agent triage {run.status=completed}
  invoke_agent billing {run.status=suspended}
  invoke_agent too-late {run.status=completed}
invoke_workflow {session.status=completed} --resume--> invoke_workflow pipeline
  invoke_agent billing {run.status=completed}
`.trim(),
    );
    expect(new Set(recording.spans().map(({ attributes }) => attributes['session.id']))).toEqual(new Set(['ticket-1']));
    expect(later.warnings()).toEqual({});
  });

  it('goes on by its id alone, without a link; by nothing it is another session, and by a broken carrier there is a warning', () => {
    baton.resumeSession({ id: 'ticket-2' }, () => {});
    baton.resumeSession({}, (session) => expect(session.id).not.toBe('ticket-2'));
    baton.resumeSession({ id: 'ticket-2', carrier: { traceparent: 'broken' } }, () => {});
    expect(tree()).toBe(Array(3).fill('invoke_workflow {session.status=completed}').join('\n'));
    expect(baton.warnings()).toEqual({ unknown_session: 1, invalid_carrier: 1 });
  });
});

describe('what was suspended and came in HTTP headers', () => {
  it('is linked to where it stopped, although fetch was instrumented and added a traceparent', () => {
    const other = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const twice = (carrier: Carrier): Carrier => ({ ...carrier, traceparent: `${carrier.traceparent}, ${other}` });
    const approval = baton.startApproval({ tool: 'refund' }).suspend();
    const session = baton.startSession({ kind: 'pipeline' }).suspend();
    baton.resumeSession({ carrier: twice(session) }, () => {
      baton.resolveApproval({ carrier: twice(approval), status: 'approved' });
    });
    expect(tree()).toContain(
      '} --resume--> invoke_workflow pipeline\n  await_approval --resume--> await_approval refund',
    );
    expect(baton.warnings()).toEqual({ no_run: 1 });
  });
});

describe('a session with a trace per run', () => {
  it('keeps no span open, links each run to the one before, and ends with a span that links to them all', () => {
    baton.withSession({ id: 'thread-7', kind: 'multi_agent', trace: 'per-run', metadata: { channel: 'chat' } }, () => {
      run('triage');
      expect(tree()).toBe('invoke_agent triage {run.status=completed}');
      baton.withRun({ agent: 'billing' }, () => run('checker'));
      run('triage');
    });
    expect(tree()).toBe(
      `
invoke_agent triage {run.status=completed}
invoke_agent billing {run.status=completed} --previous--> invoke_agent triage
  invoke_agent checker {run.status=completed}
invoke_agent triage {run.status=completed} --previous--> invoke_agent billing
invoke_workflow multi_agent {session.status=completed} --run--> invoke_agent triage --run--> invoke_agent billing --run--> invoke_agent triage
`.trim(),
    );
    const spans = recording.spans();
    expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(4);
    expect(new Set(spans.map(({ attributes }) => attributes['session.id']))).toEqual(new Set(['thread-7']));
    expect(spans.at(-1)?.attributes).toMatchObject({
      'baton.agents': ['triage', 'billing', 'checker'],
      'baton.metadata.channel': 'chat',
    });
  });

  it('lets runs hang below the requests that they serve', async () => {
    const tracer = trace.getTracer('http');
    const session = baton.startSession({ id: 'thread-7', trace: 'per-run' });
    for (const agent of ['triage', 'billing']) {
      tracer.startActiveSpan('POST /chat', (request) => {
        baton.withRun({ sessionId: 'thread-7', agent }, () => {});
        request.end();
      });
      // The SDK's own start times have whole milliseconds, and a clock of their own.
      await sleep(10);
    }
    session.end();
    expect(tree()).toBe(
      `
POST /chat
  invoke_agent triage {run.status=completed}
POST /chat
  invoke_agent billing {run.status=completed} --previous--> invoke_agent triage
invoke_workflow {session.status=completed} --run--> invoke_agent triage --run--> invoke_agent billing
`.trim(),
    );
  });

  it('pairs handoffs from one run to the next', () => {
    baton.withSession({ trace: 'per-run' }, () => {
      baton.withRun({ agent: 'triage' }, () =>
        baton.trackHandoffRequested({ target: 'billing', mode: 'pass_control' }),
      );
      run('billing');
    });
    expect(tree()).toBe(
      `
invoke_agent triage {run.status=completed}
  handoff billing PRODUCER
    accept_handoff triage CONSUMER
invoke_agent billing {run.status=completed} --handoff--> handoff billing --previous--> invoke_agent triage [baton.handoff.accepted]
invoke_workflow {session.status=completed} --run--> invoke_agent triage --run--> invoke_agent billing
`.trim(),
    );
  });

  it('is suspended and resumed: the first run is linked to the last one before', () => {
    const first = baton.startSession({ id: 'thread-7', trace: 'per-run' });
    first.within(() => run('triage'));
    const carrier = first.suspend();
    baton.resumeSession({ carrier, trace: 'per-run' }, () => run('billing'));
    expect(tree()).toBe(
      `
invoke_agent triage {run.status=completed}
invoke_workflow {session.status=suspended} --run--> invoke_agent triage
invoke_agent billing {run.status=completed} --resume--> invoke_agent triage
invoke_workflow {session.status=completed} --run--> invoke_agent billing
`.trim(),
    );
  });

  it('says how it failed, and what happened in between', async () => {
    const work = baton.withSession({ trace: 'per-run', kind: 'pipeline' }, async () => {
      baton.track({ type: 'between.runs' });
      run('triage');
      throw new TypeError('no such order');
    });
    await expect(work).rejects.toThrow('no such order');
    expect(tree()).toBe(
      `
invoke_agent triage {run.status=completed}
invoke_workflow pipeline ERROR(no such order) {session.status=failed} --run--> invoke_agent triage [between.runs, exception]
`.trim(),
    );
  });

  it('remembers the last hundred runs', () => {
    baton.withSession({ trace: 'per-run' }, () => {
      for (let count = 0; count < 150; count++) run('triage');
    });
    expect(recording.spans().at(-1)?.links).toHaveLength(100);
  });
});
