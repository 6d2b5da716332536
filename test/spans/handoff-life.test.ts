import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SpanKind, trace } from '@opentelemetry/api';
import { Baton, type Handoff } from '../../src/index.ts';
import { buildTimelines, readFinishedSpans, renderText } from '../../src/replay.ts';
import { recordEachTest } from '../support/recording.ts';

const recording = recordEachTest();
let baton: Baton;

beforeEach(() => {
  baton = recording.client();
});

const tree = (): string => recording.tree(['baton.handoff.status']);
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

  it.each([60, 1_000])('of %i days expires then, and not before', (days) => {
    jest.useFakeTimers({ doNotFake: ['Date', 'performance', 'hrtime', 'nextTick', 'queueMicrotask', 'setImmediate'] });
    try {
      const day = 24 * 60 * 60 * 1_000;
      const session = baton.startSession({});
      session.within(() => baton.withRun({}, () => baton.trackHandoffRequested({ expiresInMs: days * day })));
      const statuses = (): string[] => [...session.handoffs].map(({ status }) => status);
      jest.advanceTimersByTime(days * day - 1);
      expect(statuses()).toEqual(['requested']);
      jest.advanceTimersByTime(1);
      expect(statuses()).toEqual(['expired']);
      session.end();
      jest.runAllTimers();
    } finally {
      jest.useRealTimers();
    }
  });

  it('takes any length of time, and says what is none', async () => {
    const odd = [0, 0.5, Number.POSITIVE_INFINITY, Number.NaN, -1, '20' as never];
    await baton.withSession({}, async ({ handoffs }) => {
      baton.withRun({}, () => odd.map((expiresInMs) => baton.trackHandoffRequested({ expiresInMs })));
      await sleep(15);
      expect([...handoffs].map(({ status }) => status)).toEqual([
        'expired',
        'expired',
        'requested',
        'requested',
        'requested',
        'requested',
      ]);
    });
    expect(baton.warnings()).toEqual({ invalid_input: 3 });
  });

  it('is not called expired where somebody may have its carrier, and takes a late answer', async () => {
    await baton.withSession({}, () =>
      baton.withRun({}, async () => {
        const [late, never] = ['billing', 'shipping'].map((target) =>
          baton.trackHandoffRequested({ target, expiresInMs: 10 }),
        );
        for (const handoff of [late, never]) handoff?.carrier();
        await sleep(25);
        // Nobody takes it unasked any more.
        baton.withChildRun({ agent: 'shipping' }, () => {});
        baton.withChildRun({ agent: 'billing', carrier: late?.carrier() }, (run) => run.handoff?.complete());
      }),
    );
    expect(recording.tree(['baton.handoff.status', 'baton.handoff.overdue'])).toBe(
      `
invoke_workflow
  invoke_agent triage [baton.handoff.deadline_passed, baton.handoff.deadline_passed]
    handoff billing PRODUCER {handoff.status=accepted handoff.overdue=true}
      accept_handoff triage CONSUMER {handoff.status=accepted}
    handoff shipping PRODUCER {handoff.status=requested handoff.overdue=true}
    invoke_agent shipping
    invoke_agent billing {handoff.status=completed} --handoff--> handoff billing [baton.handoff.accepted, baton.handoff.completed]
`.trim(),
    );
    const [timeline] = buildTimelines(readFinishedSpans(recording.spans()));
    expect(timeline?.handoffs.map(({ status, overdue }) => [status, overdue])).toEqual([
      ['completed', true],
      ['requested', true],
    ]);
    expect(timeline && renderText(timeline)).toMatch(/unanswered in \d+ms · deadline passed/);
    expect(baton.warnings()).toEqual({});
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

  it('links to all of two hundred, or says how many it left out', async () => {
    const join = (): { links: number; dropped: unknown } => {
      baton.withRun({}, () => {
        const ids = Array.from({ length: 200 }, () => baton.withChildRun({ agent: 'worker' }, ({ id }) => id));
        baton.trackHandoffRequested({ target: 'editor' });
        baton.withChildRun({ agent: 'editor', joins: ids }, (run) => run.handoff?.accept());
      });
      const editor = recording.spans().find(({ name }) => name === 'invoke_agent editor');
      // The link of its own goes first.
      expect(editor?.links[0]?.attributes?.['baton.link.type']).toBe('handoff');
      expect(editor?.droppedLinksCount).toBe(0);
      return { links: editor?.links.length ?? 0, dropped: editor?.attributes['baton.links_dropped'] };
    };
    expect(join()).toEqual({ links: 128, dropped: 73 });
    expect(baton.warnings()).toEqual({ too_many_links: 1 });

    await recording.startAgain({ spanLimits: { linkCountLimit: 1_000 } });
    expect(join()).toEqual({ links: 201, dropped: undefined });

    await recording.startAgain({ spanLimits: { linkCountLimit: 10 } });
    expect(join()).toEqual({ links: 10, dropped: 191 });
  });

  it('counts on a step, too, and the links of returns that a run has no room for', async () => {
    await recording.startAgain({ spanLimits: { linkCountLimit: 2 } });
    baton.withSession({}, () =>
      baton.withRun({}, (triage) => {
        for (const _ of [1, 2, 3]) {
          baton.trackHandoffRequested({ target: 'billing' });
          baton.withChildRun({ agent: 'billing' }, (run) => run.handoff?.return());
        }
        baton.withWorkflowStep({ stepKey: 'merge', joins: [triage.id, triage.id, triage.id] }, () => {});
      }),
    );
    expect(attributesOf('run_step merge')['baton.links_dropped']).toBe(1);
    expect(attributesOf('invoke_agent triage')['baton.links_dropped']).toBe(1);
    expect(baton.warnings()).toEqual({ too_many_links: 2 });
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
    expect(recording.tree(['baton.handoff.target'])).toContain(
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

describe('a job that is tried twice', () => {
  const TRACE = '5b8efff798038103d269b633813fc60c';
  const ELSEWHERE = {
    traceparent: `00-${TRACE}-eee19b7ec3c1b174-01`,
    'baton-handoff': `00-${TRACE}-eee19b7ec3c1b175-01`,
    'baton-session': 's',
    'baton-source': 'boss',
  };

  it.each(['carrier', 'handoffId', 'a carrier of another process'])('by %s is two runs with a link', (by) => {
    const tries = (named: object): void => {
      for (const attempt of [1, 2]) {
        const run = baton.startRun({ agent: 'worker', ...named });
        run.handoff?.accept();
        if (attempt === 1) run.fail(new Error('503'));
        else run.handoff?.complete();
        run.end();
      }
    };
    if (by === 'a carrier of another process') tries({ carrier: ELSEWHERE });
    else {
      baton.withSession({ id: 's' }, ({ handoffs }) =>
        baton.withRun({ agent: 'boss' }, () => {
          const handoff = baton.trackHandoffRequested({ target: 'worker' });
          tries(by === 'carrier' ? { carrier: handoff.carrier() } : { handoffId: handoff.id });
          expect(handoffs.statistics()).toMatchObject({ byStatus: { completed: 1 }, path: 'boss → worker' });
        }),
      );
    }
    const runs = recording.spans().filter(({ name }) => name === 'invoke_agent worker');
    expect(runs.map(({ links, attributes }) => [links.length, attributes['baton.handoff.status']])).toEqual([
      [1, 'accepted'],
      [1, 'completed'],
    ]);
    const [timeline] = buildTimelines(readFinishedSpans(recording.spans()));
    expect(timeline?.statistics).toMatchObject({ byStatus: { completed: 1 }, loop: false });
    expect(baton.warnings()).toEqual({});
  });

  it('has words of its own each time: a third answer is one too many', () => {
    for (const _ of [1, 2]) {
      baton.withRun({ agent: 'worker', carrier: ELSEWHERE }, () => {
        for (const _word of [1, 2, 3]) baton.trackHandoffCompleted();
      });
    }
    expect(baton.warnings()).toEqual({ handoff_already_answered: 2 });
  });

  it('is not a fan-out, which is two at once', () => {
    baton.withSession({}, () =>
      baton.withRun({}, () => {
        const carrier = baton.trackHandoffRequested({ target: 'worker' }).carrier();
        const [first, second] = [1, 2].map(() => baton.startRun({ agent: 'worker', carrier }));
        expect([first?.handoff === undefined, second?.handoff]).toEqual([false, undefined]);
        for (const run of [first, second]) run?.end();
      }),
    );
    expect(baton.warnings()).toEqual({ handoff_already_picked_up: 1 });
  });
});

describe('an answer by id to a handoff that this process does not know', () => {
  let strangers = 0;
  const stranger = (): string =>
    `00-5b8efff798038103d269b633813fc60c-${(++strangers).toString(16).padStart(16, 'f')}-01`;
  const statuses = (): unknown[] =>
    recording
      .spans()
      .map(({ name, attributes }) => [name, attributes['baton.handoff.status'], attributes['session.id']]);

  it('accepts, then completes, then is one too many; and makes up no session', () => {
    const handoffId = stranger();
    for (const _ of [1, 2, 3, 4]) baton.trackHandoffCompleted({ handoffId });
    expect(statuses()).toEqual([
      ['accept_handoff', 'accepted', undefined],
      ['complete_handoff', 'completed', undefined],
    ]);
    expect(baton.warnings()).toEqual({ handoff_already_answered: 2 });
  });

  it('belongs to the session that it names, or that a run has named before', () => {
    const [named = '', known = ''] = [stranger(), stranger()];
    baton.trackHandoffRejected({ handoffId: named, sessionId: 'theirs' });
    baton.withRun({ handoffId: known, sessionId: 'ours', agent: 'billing' }, (run) => run.handoff?.accept());
    baton.trackHandoffCompleted({ handoffId: known });
    expect(statuses()).toEqual([
      ['reject_handoff', 'rejected', 'theirs'],
      ['accept_handoff', 'accepted', 'ours'],
      ['invoke_agent billing', 'accepted', 'ours'],
      ['complete_handoff', 'completed', 'ours'],
    ]);
  });

  it('begins anew with a new pick-up', () => {
    const handoffId = stranger();
    for (const _ of [1, 2]) {
      baton.withRun({ handoffId, agent: 'billing' }, () => {
        baton.trackHandoffCompleted({ handoffId });
        baton.trackHandoffCompleted({ handoffId });
      });
    }
    expect(recording.spans().map(({ name, attributes }) => [name, attributes['baton.handoff.status']])).toEqual([
      ['accept_handoff', 'accepted'],
      ['invoke_agent billing', 'completed'],
      ['accept_handoff', 'accepted'],
      ['invoke_agent billing', 'completed'],
    ]);
    expect(baton.warnings()).toEqual({});
  });

  it('finds the run that is at work on it', () => {
    const handoffId = stranger();
    const run = baton.startRun({ handoffId, agent: 'billing', sessionId: 's' });
    baton.trackHandoffAccepted({ handoffId });
    run.end();
    expect(tree()).toContain('[baton.handoff.accepted]');
    expect(baton.warnings()).toEqual({});
  });
});

describe('two runs that name the same session of another process', () => {
  const carrier = { traceparent: '00-5b8efff798038103d269b633813fc60c-eee19b7ec3c1b174-01', 'baton-session': 'theirs' };

  it.each([
    ['by its id', { sessionId: 'theirs-too' }],
    ['by carrier', { carrier }],
  ])('%s hand over to each other, at once or one after the other', (_, named) => {
    for (const atOnce of [true, false]) {
      const first = baton.startRun({ ...named, agent: 'a' });
      first.within(() => baton.trackHandoffRequested({ target: 'b' }));
      if (!atOnce) first.end();
      const second = baton.startRun({ ...named, agent: 'b' });
      second.handoff?.complete();
      first.end();
      second.end();
    }
    const runs = recording.spans().filter(({ name }) => name === 'invoke_agent b');
    expect(runs.map(({ links }) => links.map(({ attributes }) => attributes?.['baton.link.type']))).toEqual([
      ['handoff'],
      ['handoff'],
    ]);
    const asked = recording.spans().filter(({ kind }) => kind === SpanKind.PRODUCER);
    expect(asked.map(({ attributes }) => attributes['baton.handoff.status'])).toEqual(['accepted', 'requested']);
    const told = buildTimelines(readFinishedSpans(recording.spans()));
    expect(told.map(({ statistics }) => statistics.byStatus)).toEqual([{ completed: 2 }]);
    expect(baton.warnings()).toEqual({});
  });

  it('take nothing of another session, nor what its source waited for', () => {
    baton.withRun({ sessionId: 'one', agent: 'a' }, () => {
      baton.trackHandoffRequested({ target: 'b', mode: 'return_to_caller' });
    });
    baton.withRun({ sessionId: 'two', agent: 'a' }, () => baton.trackHandoffRequested({ target: 'b' }));
    baton.withRun({ sessionId: 'one', agent: 'b' }, (run) => expect(run.handoff).toBeUndefined());
    baton.withRun({ sessionId: 'two', agent: 'b' }, (run) => expect(run.handoff).toBeDefined());
  });
});

describe('reading an id or a carrier', () => {
  /** What a program records, without the ids, which are others each time. */
  function recorded(read: (handoff: Handoff) => unknown, program: (ask: () => Handoff) => void): string {
    program(() => {
      const handoff = baton.trackHandoffRequested({ target: 'worker' });
      read(handoff);
      return handoff;
    });
    return tree();
  }

  const answer = (handoff: Handoff): void => baton.trackHandoffRejected({ handoffId: handoff.id });
  const programs: Readonly<Record<string, (ask: () => Handoff) => void>> = {
    'that nobody answers': (ask) => void baton.withRun({}, ask),
    'that its source reports': (ask) => baton.withRun({}, () => answer(ask())),
    'that somebody outside answers': (ask) => baton.withSession({}, () => answer(baton.withRun({}, ask))),
    'that a run takes as the oldest that waits': (ask) =>
      baton.withRun({}, () => {
        ask();
        ask();
        for (const _ of [1, 2, 3]) baton.withChildRun({ agent: 'worker' }, (run) => run.handoff?.complete());
      }),
    'that a run takes late': (ask) =>
      baton.withRun({}, () => {
        const run = baton.startChildRun({ agent: 'worker' });
        ask();
        run.within(() => baton.trackHandoffCompleted());
        run.end();
      }),
    'whose session is over when it is answered': (ask) => answer(baton.withSession({}, () => baton.withRun({}, ask))),
  };

  it.each(Object.keys(programs))('changes nothing of a handoff %s', async (name) => {
    const play = programs[name] as (typeof programs)[string];
    const told: string[] = [];
    for (const read of [() => {}, ({ id }: Handoff) => id, (handoff: Handoff) => JSON.stringify(handoff.carrier())]) {
      told.push(recorded(read, play));
      await recording.startAgain();
    }
    expect(told[0]).toContain('PRODUCER');
    expect(told).toEqual([told[0], told[0], told[0]]);
  });
});

describe('what a run has in hand', () => {
  it('is nothing where nobody handed it anything', () => {
    baton.withRun({}, (run) => expect(run.handoff).toBeUndefined());
    new Baton({ agent: 'off', enabled: false }).withRun({}, (run) => expect(run.handoff).toBeUndefined());
  });

  it('says who hands over, and takes what goes with the answer', () => {
    baton.withRun({}, () => {
      const asked = baton.trackHandoffRequested({ target: 'billing' });
      baton.withChildRun({ agent: 'billing' }, ({ handoff }) => {
        expect([handoff?.id, handoff?.source]).toEqual([asked.id, 'triage']);
        handoff?.accept({ reason: 'I am free' });
        handoff?.complete({ payloadSummary: { refunded: 49 } });
      });
    });
    expect(attributesOf('accept_handoff')['baton.handoff.reason']).toBe('I am free');
    const events = recording.spans().flatMap(({ events }) => events);
    expect(events.map(({ attributes }) => attributes?.['baton.handoff.payload_summary'])).toEqual([
      undefined,
      '{"refunded":49}',
    ]);
  });

  it('is done at once when it was not accepted before', () => {
    baton.withRun({}, () => {
      baton.trackHandoffRequested({ target: 'billing' });
      baton.withChildRun({ agent: 'billing' }, (run) => run.handoff?.complete());
    });
    expect(tree()).toContain('{handoff.status=completed}');
    expect(tree()).toContain('[baton.handoff.accepted, baton.handoff.completed]');
  });

  it('fails with what went wrong, and is misused like the calls', () => {
    const strict = new Baton({ agent: 'triage', strict: true });
    strict.withRun({}, () => {
      strict.trackHandoffRequested({ target: 'billing' });
      strict.withChildRun({ agent: 'billing' }, ({ handoff }) => {
        handoff?.fail({ error: new RangeError('no seat left') });
        expect(() => handoff?.accept()).toThrow('the handoff was failed already');
      });
    });
    expect(attributesOf('fail_handoff')['error.type']).toBe('RangeError');
  });

  it('never throws over a reply that cannot be read', () => {
    baton.withRun({}, () => {
      baton.trackHandoffRequested({ target: 'billing' });
      baton.withChildRun({ agent: 'billing' }, ({ handoff }) =>
        handoff?.accept({
          get reason(): string {
            throw new Error('no');
          },
        }),
      );
    });
    expect(tree()).toContain('accept_handoff');
    expect(baton.warnings()).toEqual({ invalid_input: 1 });
  });

  it('can be completed when its run has ended: a span of its own says so', () => {
    baton.withSession({}, () =>
      baton.withRun({}, () => {
        baton.trackHandoffRequested({ target: 'billing' });
        const run = baton.startChildRun({ agent: 'billing' });
        run.end();
        run.handoff?.complete();
      }),
    );
    expect(tree()).toContain('complete_handoff triage CONSUMER {handoff.status=completed}');
    const [timeline] = buildTimelines(readFinishedSpans(recording.spans()));
    expect(timeline?.statistics.byStatus).toEqual({ completed: 1 });
  });
});

describe('an answer that names the run of another process', () => {
  it('is a report, and has its span there', () => {
    const there = '00-5b8efff798038103d269b633813fc60c-eee19b7ec3c1b199-01';
    baton.withSession({}, ({ handoffs }) => {
      const { id } = baton.withRun({}, () => baton.trackHandoffRequested({ target: 'billing' }));
      baton.trackHandoffCompleted({ handoffId: id, runId: there });
      expect([...handoffs].map(({ status }) => status)).toEqual(['accepted']);
    });
    expect(recording.spans().filter(({ kind }) => kind === SpanKind.CONSUMER)).toEqual([]);
  });
});
