import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SpanKind, trace } from '@opentelemetry/api';
import { Baton } from '../../src/index.ts';
import { type Recording, startRecording } from '../support/recording.ts';
import { spanTree } from '../support/span-tree.ts';

let recording: Recording;
let baton: Baton;

beforeEach(() => {
  recording = startRecording();
  baton = new Baton({ agent: 'triage' });
});

afterEach(() => recording.stop());

const tree = (): string => spanTree(recording.spans(), { show: ['baton.handoff.status'] });
const attributesOf = (name: string) => recording.spans().find((span) => span.name.startsWith(name))?.attributes ?? {};

describe('a handoff with a deadline', () => {
  it('expires when nobody answers in time, and nobody can take it any more', async () => {
    await baton.withSession({}, () =>
      baton.withRun({}, async () => {
        const handoff = baton.trackHandoffRequested({ target: 'billing', expiresInMs: 20 });
        await sleep(40);
        baton.withChildRun({ agent: 'billing' }, () => {});
        baton.trackHandoffCompleted({ handoffId: handoff.id });
      }),
    );
    expect(tree()).toBe(
      `
invoke_workflow
  invoke_agent triage [baton.handoff.expired]
    handoff billing PRODUCER {handoff.status=expired}
    invoke_agent billing
`.trim(),
    );
    expect(baton.warnings()).toEqual({ handoff_already_answered: 1 });
  });

  it('does not expire once somebody works on it, nor after it was answered', async () => {
    await baton.withRun({}, async () => {
      for (const target of ['billing', 'shipping']) baton.trackHandoffRequested({ target, expiresInMs: 15 });
      baton.withChildRun({ agent: 'billing' }, () => {});
      await baton.withChildRun({ agent: 'shipping' }, () => sleep(30));
    });
    const statuses = recording
      .spans()
      .flatMap(({ kind, attributes }) => (kind === 3 ? attributes['baton.handoff.status'] : []));
    expect(statuses).toEqual(['accepted', 'accepted']);
  });

  it('keeps no process alive, and lets the session end before', () => {
    baton.withRun({}, () => baton.trackHandoffRequested({ target: 'billing', expiresInMs: 2 ** 40 }));
    expect(attributesOf('handoff')['baton.handoff.status']).toBe('requested');
  });
});

describe('what crosses with a handoff', () => {
  it('is counted, and its content is a matter of policy', () => {
    const context = {
      messages: 12,
      toolExecutions: 3,
      bytes: 4_096,
      metadataKeys: ['ticket', 'locale'],
      filtered: ['system_prompt'],
      content: [{ role: 'user', text: 'my password is hunter2' }],
    };
    baton.withRun({}, () => baton.trackHandoffRequested({ target: 'billing', context }));
    expect(attributesOf('handoff')).toMatchObject({
      'baton.handoff.context.messages': 12,
      'baton.handoff.context.tool_executions': 3,
      'baton.handoff.context.bytes': 4_096,
      'baton.handoff.context.metadata_keys': ['ticket', 'locale'],
      'baton.handoff.context.filtered': ['system_prompt'],
    });
    expect(attributesOf('handoff')).not.toHaveProperty('baton.handoff.context.content');
    const full = new Baton({ agent: 'full', content: 'full' });
    full.withRun({}, () => full.trackHandoffRequested({ target: 'shipping', context }));
    expect(attributesOf('handoff shipping')['baton.handoff.context.content']).toContain('"role":"user"');
  });
});

describe('a join', () => {
  it('links to the runs whose work comes together, by their ids or by the handoffs that they took', () => {
    baton.withRun({}, () => {
      const handoffs = ['search', 'write'].map((target) => baton.trackHandoffRequested({ target }).id);
      const [search = ''] = ['search', 'write'].map((agent) => baton.withChildRun({ agent }, ({ id }) => id));
      baton.withWorkflowStep({ stepKey: 'merge', joins: handoffs }, () => {});
      baton.withChildRun({ agent: 'editor', joins: [search] }, () => {});
    });
    expect(tree()).toContain(
      '  run_step merge --join--> invoke_agent search --join--> invoke_agent write\n  invoke_agent editor --join--> invoke_agent search',
    );
  });

  it('warns of what is no id, and links to the rest', () => {
    baton.withRun({}, ({ id }) => {
      baton.withWorkflowStep({ stepKey: 'merge', joins: ['search', id] }, () => {});
    });
    expect(tree()).toContain('run_step merge --join--> invoke_agent triage');
    expect(baton.warnings()).toEqual({ unknown_run: 1 });
  });
});

describe('a receiver that asks for a trace of its own', () => {
  it('is linked to the handoff, joins the session, and hangs below what is active here', () => {
    let carrier = {};
    baton.withSession({ id: 's' }, () =>
      baton.withRun({}, () => {
        carrier = baton.trackHandoffRequested({ target: 'worker' }).carrier();
      }),
    );
    const work = (agent: string): void => baton.withRun({ carrier, agent, trace: 'linked' }, () => {});
    work('worker');
    expect(tree()).toBe(
      `
invoke_workflow
  invoke_agent triage
    handoff worker PRODUCER {handoff.status=requested}
      accept_handoff triage CONSUMER {handoff.status=accepted}
invoke_agent worker {handoff.status=accepted} --handoff--> handoff worker [baton.handoff.accepted]
`.trim(),
    );
    trace.getTracer('queue').startActiveSpan('process job', (job) => {
      work('retried');
      job.end();
    });
    expect(tree()).toContain('process job\n  invoke_agent retried');
    expect(attributesOf('invoke_agent retried')['session.id']).toBe('s');
  });
});

describe('work that changes hands again and again', () => {
  it('is told once, when it passes the limit', () => {
    const strict = new Baton({ agent: 'a0', handoffLimit: 3 });
    const pass = (depth: number): void => {
      if (depth > 6) return;
      strict.trackHandoffRequested({ target: `a${depth}` });
      strict.withChildRun({ agent: `a${depth}` }, () => pass(depth + 1));
    };
    strict.withSession({}, () => strict.withRun({}, () => pass(1)));
    const events = recording.spans().flatMap(({ events }) => events.filter(({ name }) => name.includes('limit')));
    expect(events.map(({ attributes }) => attributes)).toEqual([
      expect.objectContaining({ 'baton.handoff.count': 4, 'baton.handoff.source': 'a3', 'baton.handoff.target': 'a4' }),
    ]);
  });

  it.each([0, 1.5, '3'])('refuses %p as a limit', (handoffLimit) => {
    expect(() => new Baton({ agent: 'a', handoffLimit: handoffLimit as number })).toThrow(
      'handoffLimit: expected a whole number from 1',
    );
  });
});

describe('a receiver that says later who it is', () => {
  it('is whom the handoff went to, where the app had named nobody', () => {
    const strict = new Baton({ agent: 'router' });
    strict.withSession({}, (session) =>
      strict.withRun({}, () => {
        strict.trackHandoffRequested({ reason: 'Whoever knows' });
        strict.withChildRun({ agent: 'unknown' }, (run) => {
          run.setAgent('billing');
          strict.trackHandoffCompleted();
          expect(session.handoffs.path()).toBe('router → billing');
        });
        strict.trackHandoffRequested({ target: 'shipping' });
        strict.withChildRun({ agent: 'shipping' }, (run) => run.setAgent('parcels'));
      }),
    );
    expect(spanTree(recording.spans(), { show: ['baton.handoff.target'] })).toContain(
      `
    handoff billing PRODUCER {handoff.target=billing}
      accept_handoff router CONSUMER {handoff.target=billing}
    invoke_agent billing {handoff.target=billing} --handoff--> handoff billing [baton.handoff.accepted]
    handoff shipping PRODUCER {handoff.target=shipping}`.slice(1),
    );
  });
});

describe('an answer in another process', () => {
  it('has its span there: what the sender reports of it ends the wait, with an event on its run', () => {
    baton.withRun({}, () => {
      const handoff = baton.trackHandoffRequested({ target: 'worker' });
      expect(handoff.carrier()).toHaveProperty('traceparent');
      baton.trackHandoffRejected({ handoffId: handoff.id, reason: 'Closed on Sundays' });
      const failed = baton.trackHandoffRequested({ target: 'printer' });
      failed.carrier();
      baton.trackHandoffFailed({ handoffId: failed.id, error: new Error('no paper') });
    });
    expect(tree()).toBe(
      `
invoke_agent triage [baton.handoff.rejected, baton.handoff.failed]
  handoff worker PRODUCER {handoff.status=rejected}
  handoff printer PRODUCER ERROR(no paper) {handoff.status=failed}
`.trim(),
    );
    expect(recording.spans().at(-1)?.events[0]?.attributes).toMatchObject({
      'baton.handoff.reason': 'Closed on Sundays',
    });
  });
});

describe('a report that comes when the session is over', () => {
  it('writes no second answer: the run that got the carrier has given it', () => {
    let id = '';
    let carrier = {};
    baton.withSession({ id: 's' }, () =>
      baton.withRun({}, () => {
        const handoff = baton.trackHandoffRequested({ target: 'worker' });
        id = handoff.id;
        carrier = handoff.carrier();
      }),
    );
    baton.withRun({ carrier, agent: 'worker' }, () => {});
    baton.trackHandoffCompleted({ handoffId: id, sessionId: 's' });
    expect(recording.spans().filter(({ kind }) => kind === SpanKind.CONSUMER)).toHaveLength(1);
    expect(baton.warnings()).toEqual({ handoff_already_answered: 1 });
  });

  it('still tells what is no id of a handoff', () => {
    baton.trackHandoffCompleted({ handoffId: 'junk' });
    baton.trackHandoffCompleted({ handoffId: 7 as never });
    expect(baton.warnings()).toEqual({ unknown_handoff: 2 });
  });
});

describe('a handoff of a run that was not sampled', () => {
  it('leads to its trace, and to no session that was made up', () => {
    const unsampled = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';
    expect(baton.trackHandoffRequested({ sourceRunId: unsampled }).carrier()).toEqual({ traceparent: unsampled });
    expect(baton.trackHandoffRequested({ sourceRunId: unsampled, sessionId: 's' }).carrier()).toEqual({
      traceparent: unsampled,
      'baton-session': 's',
    });
  });
});
