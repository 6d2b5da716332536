import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { context, propagation, SpanKind, SpanStatusCode, type TextMapPropagator, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { Baton, Handoff, Run, Session, SessionHandoffs } from '../../src/index.ts';
import { expectNoComplaints } from '../support/complaints.ts';
import { type RecordingOptions, recordEachTest } from '../support/recording.ts';
import { registry } from '../support/registry.ts';

const SHOW = ['baton.handoff.source', 'baton.handoff.target', 'baton.handoff.status'];
const WHO = ['baton.agent.key', ...SHOW];

const recording = recordEachTest({ show: SHOW });
const { tree, warnings } = recording;
let baton: Baton;

expectNoComplaints();

beforeEach(() => {
  baton = recording.client({ agent: 'app' });
});

async function recordAgain(options: RecordingOptions): Promise<void> {
  await recording.startAgain(options);
  baton = recording.client({ agent: 'app' });
}

afterEach(() => {
  // What a failing test leaves open must not fail the next one.
  for (const open of [registry.sessions, registry.runs, registry.handoffs]) open.clear();
});

function named(name: string): ReadableSpan {
  const found = recording.spans().filter((span) => span.name === name);
  if (found.length !== 1) throw new Error(`expected one "${name}", got ${found.length} of\n${tree()}`);
  return found[0] as ReadableSpan;
}

function codes(): string[] {
  return warnings.map(({ code }) => code);
}

/** Microseconds, exact: an HrTime as one number loses some. */
function micros([seconds, nanos]: readonly [number, number]): number {
  return seconds * 1e6 + nanos / 1e3;
}

/** A session with one run of `triage` in it. */
function inTriage<T>(fn: (triage: Run, session: Session) => T): T {
  return baton.withSession({ id: 'ticket-1' }, (session) =>
    baton.withRun({ agent: 'triage' }, (triage) => fn(triage, session)),
  );
}

describe('an answered handoff', () => {
  it('is a PRODUCER span with one CONSUMER below it, and the receiver is linked to it', () => {
    inTriage(() => {
      baton.trackHandoffRequested({ target: 'billing' });
      baton.withChildRun({ agent: 'billing' }, () => baton.trackHandoffCompleted());
    });
    expect(tree(WHO)).toBe(
      `
invoke_workflow
  invoke_agent triage {agent.key=triage}
    handoff billing PRODUCER {agent.key=triage handoff.source=triage handoff.target=billing handoff.status=accepted}
      accept_handoff triage CONSUMER {agent.key=billing handoff.source=triage handoff.target=billing handoff.status=accepted}
    invoke_agent billing {agent.key=billing handoff.source=triage handoff.target=billing handoff.status=accepted} --handoff--> handoff billing [baton.handoff.accepted]
`.trim(),
    );
    expect(warnings).toEqual([]);
  });

  it('carries what the request said, and repeats its id on the answer, the receiver, the link and the event', () => {
    const handoff = inTriage(() => {
      const requested = baton.trackHandoffRequested({
        target: { kind: 'agent', key: 'billing' },
        mode: 'return_to_caller',
        reason: 'Refund wanted',
        reasonType: 'specialization',
        payloadSummary: { ticket: 4711 },
        metadata: { priority: 2, tags: ['vip'] },
      });
      baton.withChildRun({ agent: 'billing' }, () => baton.trackHandoffCompleted());
      return requested;
    });
    const requested = named('handoff billing');
    expect(requested.attributes).toEqual({
      'session.id': 'ticket-1',
      'baton.run.id': named('invoke_agent triage').attributes['baton.run.id'],
      'baton.agent.key': 'triage',
      'baton.handoff.id': handoff.id,
      'baton.handoff.mode': 'return_to_caller',
      'baton.handoff.source': 'triage',
      'baton.handoff.target': 'billing',
      'baton.handoff.status': 'accepted',
      'baton.handoff.reason': 'Refund wanted',
      'baton.handoff.reason_type': 'specialization',
      'baton.handoff.payload_summary': '{"ticket":4711}',
      'baton.metadata.priority': 2,
      'baton.metadata.tags': '["vip"]',
    });
    const { traceId, spanId } = requested.spanContext();
    expect(handoff.id).toBe(`00-${traceId}-${spanId}-01`);
    const receiver = named('invoke_agent billing');
    expect(receiver.attributes).toMatchObject({
      'baton.handoff.id': handoff.id,
      'baton.handoff.source': 'triage',
      'baton.handoff.target': 'billing',
    });
    expect(receiver.links.map(({ attributes }) => attributes)).toEqual([
      {
        'baton.link.type': 'handoff',
        'baton.handoff.id': handoff.id,
        'baton.handoff.source': 'triage',
        'baton.handoff.target': 'billing',
      },
    ]);
    expect(receiver.events.map(({ attributes }) => attributes)).toEqual([{ 'baton.handoff.id': handoff.id }]);
    expect(named('accept_handoff triage').attributes).toMatchObject({
      'session.id': 'ticket-1',
      'baton.run.id': receiver.attributes['baton.run.id'],
      'baton.handoff.id': handoff.id,
    });
  });

  it('has the link from the start of the receiver, where samplers see it', async () => {
    const links: number[] = [];
    await recordAgain({
      sampler: {
        shouldSample: (_context, _traceId, name, _kind, _attributes, given) => {
          if (name === 'invoke_agent billing') links.push(given.length);
          return { decision: 2 };
        },
        toString: () => 'counts links',
      },
    });
    inTriage(() => {
      baton.trackHandoffRequested({ target: 'billing' });
      baton.withChildRun({ agent: 'billing' }, () => {});
    });
    expect(links).toEqual([1]);
  });

  it('is completed only by the second word, which is an event and no second CONSUMER', () => {
    const statuses = inTriage((_, session) => {
      baton.trackHandoffRequested({ target: 'billing' });
      return baton.withChildRun({ agent: 'billing' }, () => {
        baton.trackHandoffCompleted();
        const [first] = session.handoffs;
        const before = first?.status;
        baton.trackHandoffCompleted({ payloadSummary: 'Refunded' });
        return [before, first?.status];
      });
    });
    expect(statuses).toEqual(['accepted', 'completed']);
    expect(tree()).toBe(
      `
invoke_workflow
  invoke_agent triage
    handoff billing PRODUCER {handoff.source=triage handoff.target=billing handoff.status=accepted}
      accept_handoff triage CONSUMER {handoff.source=triage handoff.target=billing handoff.status=accepted}
    invoke_agent billing {handoff.source=triage handoff.target=billing handoff.status=completed} --handoff--> handoff billing [baton.handoff.accepted, baton.handoff.completed]
`.trim(),
    );
    expect(named('invoke_agent billing').events[1]?.attributes).toMatchObject({
      'baton.handoff.payload_summary': 'Refunded',
    });
    expect(warnings).toEqual([]);
  });

  it('is rejected without an error, and can then be given to somebody else', () => {
    inTriage((_, session) => {
      baton.trackHandoffRequested({ target: 'billing' });
      baton.withChildRun({ agent: 'billing' }, () => baton.trackHandoffRejected({ reason: 'Not my customer' }));
      baton.trackHandoffRequested({ target: 'sales' });
      baton.withChildRun({ agent: 'sales' }, () => baton.trackHandoffCompleted());
      expect(session.handoffs.statistics()).toMatchObject({
        path: 'triage → sales',
        byStatus: { rejected: 1, accepted: 1 },
        loop: false,
      });
    });
    expect(tree()).toBe(
      `
invoke_workflow
  invoke_agent triage
    handoff billing PRODUCER {handoff.source=triage handoff.target=billing handoff.status=rejected}
      reject_handoff triage CONSUMER {handoff.source=triage handoff.target=billing handoff.status=rejected}
    invoke_agent billing {handoff.source=triage handoff.target=billing handoff.status=rejected} --handoff--> handoff billing [baton.handoff.rejected]
    handoff sales PRODUCER {handoff.source=triage handoff.target=sales handoff.status=accepted}
      accept_handoff triage CONSUMER {handoff.source=triage handoff.target=sales handoff.status=accepted}
    invoke_agent sales {handoff.source=triage handoff.target=sales handoff.status=accepted} --handoff--> handoff sales [baton.handoff.accepted]
`.trim(),
    );
    expect(named('reject_handoff triage').attributes['baton.handoff.reason']).toBe('Not my customer');
  });

  it('is returned as its first answer: the source hears of it and is linked to where it comes from', () => {
    inTriage((_, session) => {
      baton.trackHandoffRequested({ target: 'billing' });
      baton.withChildRun({ agent: 'billing' }, () => baton.trackHandoffReturned({ reason: 'Wrong desk' }));
      expect(session.handoffs.path()).toBe('triage → billing → triage');
    });
    expect(tree()).toBe(
      `
invoke_workflow
  invoke_agent triage --return--> invoke_agent billing [baton.handoff.returned]
    handoff billing PRODUCER {handoff.source=triage handoff.target=billing handoff.status=returned}
      return_handoff triage CONSUMER {handoff.source=triage handoff.target=billing handoff.status=returned}
    invoke_agent billing {handoff.source=triage handoff.target=billing handoff.status=returned} --handoff--> handoff billing [baton.handoff.returned]
`.trim(),
    );
    const [link] = named('invoke_agent triage').links;
    expect(link?.attributes).toEqual({
      'baton.link.type': 'return',
      'baton.handoff.id': named('handoff billing').attributes['baton.handoff.id'],
      'baton.handoff.source': 'triage',
      'baton.handoff.target': 'billing',
    });
  });

  it('is returned after it was accepted: events only, and the way back stands in the path', () => {
    inTriage((_, session) => {
      baton.trackHandoffRequested({ target: 'billing' });
      baton.withChildRun({ agent: 'billing' }, () => {
        baton.trackHandoffCompleted();
        baton.trackHandoffReturned();
      });
      expect(session.handoffs.path()).toBe('triage → billing → triage');
    });
    expect(tree()).toBe(
      `
invoke_workflow
  invoke_agent triage --return--> invoke_agent billing [baton.handoff.returned]
    handoff billing PRODUCER {handoff.source=triage handoff.target=billing handoff.status=accepted}
      accept_handoff triage CONSUMER {handoff.source=triage handoff.target=billing handoff.status=accepted}
    invoke_agent billing {handoff.source=triage handoff.target=billing handoff.status=returned} --handoff--> handoff billing [baton.handoff.accepted, baton.handoff.returned]
`.trim(),
    );
  });

  it('links no return into a source that is a root: it would be drawn below its own child', () => {
    baton.withRun({ agent: 'triage' }, () => {
      baton.trackHandoffRequested({ target: 'billing' });
      baton.withChildRun({ agent: 'billing' }, () => baton.trackHandoffReturned());
    });
    expect(named('invoke_agent triage').links).toEqual([]);
    expect(named('invoke_agent triage').events.map(({ name }) => name)).toEqual(['baton.handoff.returned']);
  });

  it('fails: the answer and the handoff are errors, the agents are not', () => {
    inTriage(() => {
      baton.trackHandoffRequested({ target: 'billing' });
      baton.withChildRun({ agent: 'billing' }, () =>
        baton.trackHandoffFailed({ error: new RangeError('no seat left'), reason: 'Busy' }),
      );
    });
    expect(tree([...SHOW, 'error.type'])).toBe(
      `
invoke_workflow
  invoke_agent triage
    handoff billing PRODUCER ERROR(no seat left) {handoff.source=triage handoff.target=billing handoff.status=failed error.type=RangeError}
      fail_handoff triage CONSUMER ERROR(no seat left) {handoff.source=triage handoff.target=billing handoff.status=failed error.type=RangeError} [exception]
    invoke_agent billing {handoff.source=triage handoff.target=billing handoff.status=failed} --handoff--> handoff billing [baton.handoff.failed]
`.trim(),
    );
  });

  it('fails without saying why', () => {
    inTriage(() => {
      baton.trackHandoffRequested({ target: 'billing' });
      baton.withChildRun({ agent: 'billing' }, () => baton.trackHandoffFailed());
    });
    const answer = named('fail_handoff triage');
    expect([answer.status.code, answer.attributes['error.type'], answer.events]).toEqual([
      SpanStatusCode.ERROR,
      'handoff_failed',
      [],
    ]);
  });

  it('fails after it was accepted: an event and the receiver’s status, and the spans stay what they were', () => {
    inTriage((_, session) => {
      baton.trackHandoffRequested({ target: 'billing' });
      baton.withChildRun({ agent: 'billing' }, () => {
        baton.trackHandoffCompleted();
        baton.trackHandoffFailed({ reason: 'Customer hung up' });
      });
      expect([...session.handoffs].map(({ status }) => status)).toEqual(['failed']);
    });
    expect(tree()).toBe(
      `
invoke_workflow
  invoke_agent triage
    handoff billing PRODUCER {handoff.source=triage handoff.target=billing handoff.status=accepted}
      accept_handoff triage CONSUMER {handoff.source=triage handoff.target=billing handoff.status=accepted}
    invoke_agent billing {handoff.source=triage handoff.target=billing handoff.status=failed} --handoff--> handoff billing [baton.handoff.accepted, baton.handoff.failed]
`.trim(),
    );
  });

  it('is not answered by a run that came for another one and did not get it', () => {
    const statuses = inTriage((_, session) => {
      const [first] = [0, 1].map(() => baton.trackHandoffRequested({ target: 'billing' }));
      for (const handoffId of [first?.id, first?.id]) {
        baton.withChildRun({ agent: 'billing', handoffId }, () => baton.trackHandoffCompleted());
      }
      return [...session.handoffs].map(({ status }) => status);
    });
    expect(statuses).toEqual(['accepted', 'requested']);
    expect(codes()).toEqual(['handoff_already_picked_up']);
  });

  it('is answered once: what cannot follow is warned about and changes nothing', () => {
    inTriage(() => {
      baton.trackHandoffRequested({ target: 'billing' });
      baton.withChildRun({ agent: 'billing' }, () => {
        baton.trackHandoffRejected();
        baton.trackHandoffCompleted();
        baton.trackHandoffFailed();
      });
    });
    expect(codes()).toEqual(['handoff_already_answered']);
    expect(tree()).toContain('reject_handoff triage CONSUMER');
    expect(tree()).not.toMatch(/accept_handoff|fail_handoff|ERROR/);
    expect(named('invoke_agent billing').attributes['baton.handoff.status']).toBe('rejected');
  });

  it('waits from its request to its answer, in whole milliseconds', async () => {
    const handoffs = await inTriage(async (_, session) => {
      baton.trackHandoffRequested({ target: 'billing' });
      await sleep(25);
      await baton.withChildRun({ agent: 'billing' }, async () => {
        await sleep(25);
        baton.trackHandoffCompleted();
        await sleep(25);
      });
      return session.handoffs;
    });
    const waited = named('accept_handoff triage').attributes['baton.handoff.wait_ms'];
    expect(Number.isInteger(waited)).toBe(true);
    const { startTime, endTime } = named('handoff billing');
    const length = micros(endTime) - micros(startTime);
    expect(Math.abs(length / 1e3 - Number(waited))).toBeLessThan(1);
    expect(waited).toBeGreaterThanOrEqual(48);
    expect(micros(named('invoke_agent billing').endTime) - micros(endTime)).toBeGreaterThanOrEqual(24_000);
    expect([...handoffs].map(({ waitMs }) => waitMs)).toEqual([waited]);
  });
});

describe('a run that picked up a handoff and ends without a word', () => {
  const ACCEPTED = `
invoke_workflow
  invoke_agent triage
    handoff billing PRODUCER {handoff.source=triage handoff.target=billing handoff.status=accepted}
      accept_handoff triage CONSUMER {handoff.source=triage handoff.target=billing handoff.status=accepted}
    invoke_agent billing {handoff.source=triage handoff.target=billing handoff.status=accepted} --handoff--> handoff billing [baton.handoff.accepted]
`.trim();

  it('has accepted it, at its own start', async () => {
    await inTriage(async () => {
      baton.trackHandoffRequested({ target: 'billing' });
      await baton.withChildRun({ agent: 'billing' }, () => sleep(30));
    });
    expect(tree()).toBe(ACCEPTED);
    const receiver = named('invoke_agent billing');
    const handoff = named('handoff billing');
    const answer = named('accept_handoff triage');
    const waited = (micros(receiver.startTime) - micros(handoff.startTime)) / 1e3;
    expect(Math.abs(Number(answer.attributes['baton.handoff.wait_ms']) - waited)).toBeLessThan(1);
    for (const at of [answer.startTime, answer.endTime, handoff.endTime, receiver.events[0]?.time ?? [0, 0]]) {
      expect(micros(at) - micros(receiver.startTime)).toBeGreaterThanOrEqual(0);
      // Before its work, which lasted so long at least.
      expect(micros(receiver.endTime) - micros(at)).toBeGreaterThan(28_000);
    }
    expect(micros(answer.startTime)).toBeGreaterThan(micros(handoff.startTime));
    expect(micros(answer.endTime)).toBeLessThanOrEqual(micros(handoff.endTime));
  });

  it('has accepted it also when it failed', () => {
    expect(() =>
      inTriage(() => {
        baton.trackHandoffRequested({ target: 'billing' });
        baton.withChildRun({ agent: 'billing' }, () => {
          throw new TypeError('bad day');
        });
      }),
    ).toThrow('bad day');
    expect(named('handoff billing').attributes['baton.handoff.status']).toBe('accepted');
    expect(named('handoff billing').status.code).toBe(SpanStatusCode.UNSET);
    expect(named('accept_handoff triage').status.code).toBe(SpanStatusCode.UNSET);
    expect(named('invoke_agent billing').status.code).toBe(SpanStatusCode.ERROR);
  });

  it('has accepted it also when its session ended first', () => {
    inTriage(() => {
      baton.trackHandoffRequested({ target: 'billing' });
      baton.startChildRun({ agent: 'billing' });
    });
    expect(tree()).toBe(ACCEPTED);
    expect(named('invoke_agent billing').attributes['baton.run.status']).toBe('abandoned');
  });
});

describe('a handoff that nobody answers', () => {
  it('closes with its source when the source waits for the answer', async () => {
    await inTriage(async () => {
      baton.trackHandoffRequested({ target: 'billing', mode: 'return_to_caller' });
      await sleep(5);
    });
    expect(tree([...SHOW, 'baton.handoff.mode'])).toBe(
      `
invoke_workflow
  invoke_agent triage
    handoff billing PRODUCER {handoff.source=triage handoff.target=billing handoff.status=requested handoff.mode=return_to_caller}
`.trim(),
    );
    expect(micros(named('handoff billing').endTime)).toBeLessThan(micros(named('invoke_agent triage').endTime));
  });

  it.each([['pass_control' as const], [undefined]])('stays open until its session ends in mode %s', async (mode) => {
    await baton.withSession({}, async () => {
      baton.withRun({ agent: 'triage' }, () => {
        baton.trackHandoffRequested({ target: 'billing', mode });
      });
      await sleep(5);
    });
    expect(named('handoff billing').attributes['baton.handoff.status']).toBe('requested');
    expect(micros(named('handoff billing').endTime)).toBeGreaterThan(micros(named('invoke_agent triage').endTime));
    expect(micros(named('handoff billing').endTime)).toBeLessThan(micros(named('invoke_workflow').endTime));
  });

  it('has no target, when none was named', () => {
    inTriage(() => {
      baton.trackHandoffRequested({});
    });
    expect(tree()).toBe(
      `
invoke_workflow
  invoke_agent triage
    handoff PRODUCER {handoff.source=triage handoff.status=requested}
`.trim(),
    );
  });

  it('ends with its run, when that stands outside any session', () => {
    baton.withRun({ agent: 'triage' }, () => {
      baton.trackHandoffRequested({ target: 'billing' });
    });
    expect(tree()).toBe(
      `
invoke_agent triage
  handoff billing PRODUCER {handoff.source=triage handoff.target=billing handoff.status=requested}
`.trim(),
    );
    expect(registry.handoffs.size).toBe(0);
  });

  it('is recorded also when it is requested after its session has ended', () => {
    let late: (() => void) | undefined;
    inTriage((triage) => {
      late = () =>
        triage.within(() => {
          baton.trackHandoffRequested({ target: 'billing' });
        });
    });
    late?.();
    expect(tree()).toBe(
      `
invoke_workflow
  invoke_agent triage
    handoff billing PRODUCER {handoff.source=triage handoff.target=billing handoff.status=requested}
`.trim(),
    );
    expect(registry.handoffs.size).toBe(0);
  });

  it('ends with the run that asked, when that outlives its session', () => {
    let finish: (() => void) | undefined;
    inTriage((triage) => {
      finish = () =>
        triage.within(() =>
          baton.withRun({ agent: 'late' }, () => {
            baton.trackHandoffRequested({ target: 'billing' });
            baton.withChildRun({ agent: 'billing' }, () => baton.trackHandoffCompleted());
            baton.trackHandoffRequested({ target: 'sales' });
          }),
        );
    });
    finish?.();
    expect(tree()).toBe(
      `
invoke_workflow
  invoke_agent triage
    invoke_agent late
      handoff billing PRODUCER {handoff.source=late handoff.target=billing handoff.status=accepted}
        accept_handoff late CONSUMER {handoff.source=late handoff.target=billing handoff.status=accepted}
      invoke_agent billing {handoff.source=late handoff.target=billing handoff.status=accepted} --handoff--> handoff billing [baton.handoff.accepted]
      handoff sales PRODUCER {handoff.source=late handoff.target=sales handoff.status=requested}
`.trim(),
    );
    expect(registry.handoffs.size).toBe(0);
  });
});

describe('the target of a handoff', () => {
  it('is filled in when somebody takes over', () => {
    inTriage(() => {
      baton.trackHandoffRequested({});
      baton.withChildRun({ agent: { key: 'billing', name: 'Billing Desk' } }, () => baton.trackHandoffCompleted());
    });
    expect(tree()).toBe(
      `
invoke_workflow
  invoke_agent triage
    handoff billing PRODUCER {handoff.source=triage handoff.target=billing handoff.status=accepted}
      accept_handoff triage CONSUMER {handoff.source=triage handoff.target=billing handoff.status=accepted}
    invoke_agent Billing Desk {handoff.source=triage handoff.target=billing handoff.status=accepted} --handoff--> handoff billing [baton.handoff.accepted]
`.trim(),
    );
  });

  it('names the receiver by the key of its agent, or by its stepKey', () => {
    inTriage(() => {
      baton.trackHandoffRequested({ target: 'billing' });
      baton.trackHandoffRequested({ target: 'write-answer' });
      baton.withChildRun({ agent: 'writer', stepKey: 'write-answer' }, () => {});
      baton.withChildRun({ agent: 'billing', stepKey: 'refund' }, () => {});
    });
    expect(tree([...SHOW, 'baton.step.key'])).toBe(
      `
invoke_workflow
  invoke_agent triage
    handoff billing PRODUCER {handoff.source=triage handoff.target=billing handoff.status=accepted}
      accept_handoff triage CONSUMER {handoff.source=triage handoff.target=billing handoff.status=accepted}
    handoff write-answer PRODUCER {handoff.source=triage handoff.target=write-answer handoff.status=accepted}
      accept_handoff triage CONSUMER {handoff.source=triage handoff.target=write-answer handoff.status=accepted}
    invoke_agent writer {handoff.source=triage handoff.target=write-answer handoff.status=accepted step.key=write-answer} --handoff--> handoff write-answer [baton.handoff.accepted]
    invoke_agent billing {handoff.source=triage handoff.target=billing handoff.status=accepted step.key=refund} --handoff--> handoff billing [baton.handoff.accepted]
`.trim(),
    );
  });

  it('keeps others from picking it up', () => {
    inTriage(() => {
      baton.trackHandoffRequested({ target: 'billing' });
      baton.withChildRun({ agent: 'sales' }, () => {});
    });
    expect(tree()).toBe(
      `
invoke_workflow
  invoke_agent triage
    handoff billing PRODUCER {handoff.source=triage handoff.target=billing handoff.status=requested}
    invoke_agent sales
`.trim(),
    );
  });

  it('may be a person or a queue', () => {
    inTriage(() => {
      baton.trackHandoffRequested({ target: { kind: 'human', key: 'supervisor' } });
      baton.trackHandoffRequested({ target: { kind: 'queue', key: 'refunds' } });
      baton.trackHandoffRequested({ target: { kind: 'agent', key: 'billing' } });
      baton.trackHandoffRequested({ target: { key: 'sales' } });
    });
    expect(tree(['baton.handoff.target', 'baton.handoff.target_kind'])).toBe(
      `
invoke_workflow
  invoke_agent triage
    handoff supervisor PRODUCER {handoff.target=supervisor handoff.target_kind=human}
    handoff refunds PRODUCER {handoff.target=refunds handoff.target_kind=queue}
    handoff billing PRODUCER {handoff.target=billing}
    handoff sales PRODUCER {handoff.target=sales}
`.trim(),
    );
  });

  it('may be a person for whom the asking run itself reports the answer: no run is linked to its own handoff', () => {
    inTriage((_, session) => {
      for (const wish of ['refund', 'discount']) {
        const asked = baton.trackHandoffRequested({ target: { kind: 'human', key: 'supervisor' }, reason: wish });
        baton.trackHandoffCompleted({ handoffId: asked.id });
      }
      expect(session.handoffs.statistics()).toMatchObject({ byStatus: { accepted: 2 }, loop: false });
    });
    expect(named('invoke_agent triage').links).toEqual([]);
    // Nothing on it says that it took something over.
    expect(Object.keys(named('invoke_agent triage').attributes).filter((key) => key.includes('handoff'))).toEqual([]);
    expect(recording.spans().filter(({ name }) => name === 'accept_handoff triage')).toHaveLength(2);
  });

  it('may be a worker for whom the asking run reports the answer: it is the worker’s all the same', () => {
    inTriage(() => {
      const asked = baton.trackHandoffRequested({ target: 'billing' });
      const billing = baton.startChildRun({ agent: 'billing' });
      baton.trackHandoffRejected({ handoffId: asked.id });
      billing.end();
    });
    expect(tree(WHO)).toBe(
      `
invoke_workflow
  invoke_agent triage {agent.key=triage}
    handoff billing PRODUCER {agent.key=triage handoff.source=triage handoff.target=billing handoff.status=rejected}
      reject_handoff triage CONSUMER {agent.key=billing handoff.source=triage handoff.target=billing handoff.status=rejected}
    invoke_agent billing {agent.key=billing handoff.source=triage handoff.target=billing handoff.status=rejected} --handoff--> handoff billing [baton.handoff.rejected]
`.trim(),
    );
  });

  it('may be a worker that has ended: the asking run can say that the work is done, and bears no status of it', () => {
    const handoffs = inTriage((_, session) => {
      const asked = baton.trackHandoffRequested({ target: 'billing' });
      baton.withChildRun({ agent: 'billing' }, () => {});
      baton.trackHandoffCompleted({ handoffId: asked.id });
      return session.handoffs;
    });
    expect([...handoffs].map(({ status }) => status)).toEqual(['completed']);
    expect(Object.keys(named('invoke_agent triage').attributes).filter((key) => key.includes('handoff'))).toEqual([]);
    expect(named('accept_handoff triage').attributes['baton.agent.key']).toBe('billing');
    expect(warnings).toEqual([]);
  });

  it('is never the run that asks: an answer without an id passes its own request by', () => {
    inTriage(() => {
      baton.trackHandoffRequested({});
      baton.trackHandoffCompleted();
    });
    expect(tree()).toBe(
      `
invoke_workflow
  invoke_agent triage
    handoff PRODUCER {handoff.source=triage handoff.status=requested}
`.trim(),
    );
    expect(codes()).toEqual(['no_handoff']);
  });
});

describe('picking up', () => {
  function linkOf(name: string): unknown {
    return named(name).links.map(({ attributes }) => attributes?.['baton.handoff.id']);
  }

  it('takes the oldest open handoff when none is named', () => {
    const [first, second] = inTriage(() => {
      const asked = [baton.trackHandoffRequested({}), baton.trackHandoffRequested({})];
      baton.withChildRun({ agent: 'one' }, () => {});
      baton.withChildRun({ agent: 'two' }, () => {});
      baton.withChildRun({ agent: 'three' }, () => {});
      return asked;
    });
    expect(['one', 'two', 'three'].map((key) => linkOf(`invoke_agent ${key}`))).toEqual([
      [first?.id],
      [second?.id],
      [],
    ]);
  });

  it('takes the one that is named, however many are older', () => {
    const [first, second] = inTriage(() => {
      const asked = [baton.trackHandoffRequested({}), baton.trackHandoffRequested({})];
      baton.withChildRun({ agent: 'one', handoffId: asked[1]?.id }, () => baton.trackHandoffCompleted());
      baton.withChildRun({ agent: 'two', handoffId: asked[0]?.id }, () => baton.trackHandoffCompleted());
      return asked;
    });
    expect([linkOf('invoke_agent one'), linkOf('invoke_agent two')]).toEqual([[second?.id], [first?.id]]);
  });

  it.each([[['billing', 'sales']], [['sales', 'billing']]])('gives each of two its own, when %j come', (order) => {
    inTriage(() => {
      baton.trackHandoffRequested({ target: 'billing' });
      baton.trackHandoffRequested({ target: 'sales' });
      for (const agent of order) baton.withChildRun({ agent }, () => baton.trackHandoffCompleted());
    });
    expect(tree([]).split('\n').sort()).toEqual(
      `
invoke_workflow
  invoke_agent triage
    handoff billing PRODUCER
      accept_handoff triage CONSUMER
    handoff sales PRODUCER
      accept_handoff triage CONSUMER
    invoke_agent billing --handoff--> handoff billing [baton.handoff.accepted]
    invoke_agent sales --handoff--> handoff sales [baton.handoff.accepted]
`
        .trim()
        .split('\n')
        .sort(),
    );
  });

  it('happens once: the second run is recorded without it', () => {
    inTriage(() => {
      const { id } = baton.trackHandoffRequested({ target: 'billing' });
      baton.withChildRun({ agent: 'billing', handoffId: id }, () => {
        baton.withChildRun({ agent: 'sales', handoffId: id }, () => {});
      });
    });
    expect(codes()).toEqual(['handoff_already_picked_up']);
    expect(linkOf('invoke_agent sales')).toEqual([]);
    expect(tree([])).toBe(
      `
invoke_workflow
  invoke_agent triage
    handoff billing PRODUCER
      accept_handoff triage CONSUMER
    invoke_agent billing --handoff--> handoff billing [baton.handoff.accepted]
      invoke_agent sales
`.trim(),
    );
  });

  it.each([
    ['the key of its agent', 'writer'],
    ['its stepKey', 'write-answer'],
  ])('may come late, from a run that was at work when the request named %s', (_, target) => {
    inTriage(() => {
      const writer = baton.startChildRun({ agent: 'writer', stepKey: 'write-answer' });
      const { id } = baton.trackHandoffRequested({ target });
      baton.trackHandoffCompleted({ runId: writer.id });
      expect(codes()).toEqual([]);
      writer.end();
      expect(linkOf('invoke_agent writer')).toEqual([id]);
    });
    expect(tree()).toBe(
      `
invoke_workflow
  invoke_agent triage
    invoke_agent writer {handoff.source=triage handoff.target=${target} handoff.status=accepted} --handoff--> handoff ${target} [baton.handoff.accepted]
    handoff ${target} PRODUCER {handoff.source=triage handoff.target=${target} handoff.status=accepted}
      accept_handoff triage CONSUMER {handoff.source=triage handoff.target=${target} handoff.status=accepted}
`.trim(),
    );
  });

  it('prefers what its own parent asked for to what a sibling passed on', () => {
    const [passed, asked] = inTriage(() => {
      const older = baton.withChildRun({ agent: 'router' }, () => baton.trackHandoffRequested({ target: 'billing' }));
      const newer = baton.trackHandoffRequested({ target: 'billing' });
      baton.withChildRun({ agent: { key: 'billing', name: 'first' } }, () => {});
      baton.withChildRun({ agent: { key: 'billing', name: 'second' } }, () => {});
      return [older, newer];
    });
    expect([linkOf('invoke_agent first'), linkOf('invoke_agent second')]).toEqual([[asked?.id], [passed?.id]]);
  });

  it('takes of what two siblings passed on the older one', () => {
    const [first, second] = inTriage(() => {
      const passed = ['one', 'two'].map((agent) =>
        baton.withChildRun({ agent }, () => baton.trackHandoffRequested({ target: 'billing' })),
      );
      baton.withChildRun({ agent: { key: 'billing', name: 'first' } }, () => {});
      baton.withChildRun({ agent: { key: 'billing', name: 'second' } }, () => {});
      return passed;
    });
    expect([linkOf('invoke_agent first'), linkOf('invoke_agent second')]).toEqual([[first?.id], [second?.id]]);
  });

  it('does not take a handoff whose source has stopped waiting', () => {
    baton.withSession({}, () => {
      baton.withRun({ agent: 'triage' }, () => {
        baton.trackHandoffRequested({ target: 'billing', mode: 'return_to_caller' });
      });
      baton.withRun({ agent: 'billing' }, () => {});
    });
    expect(tree()).toBe(
      `
invoke_workflow
  invoke_agent triage
    handoff billing PRODUCER {handoff.source=triage handoff.target=billing handoff.status=requested}
  invoke_agent billing
`.trim(),
    );
  });

  it('after the source has ended means that control was passed, unless the request said otherwise', () => {
    baton.withSession({}, () => {
      baton.withRun({ agent: 'triage' }, () => {
        baton.trackHandoffRequested({ target: 'billing' });
      });
      baton.withRun({ agent: 'billing' }, () => {
        baton.trackHandoffRequested({ target: 'sales' });
        baton.withChildRun({ agent: 'sales' }, () => {});
      });
    });
    expect(named('handoff billing').attributes['baton.handoff.mode']).toBe('pass_control');
    expect(named('handoff sales').attributes['baton.handoff.mode']).toBe('return_to_caller');
  });

  it('takes a handoff of an ended session by its id, as a link into its trace', () => {
    const handoff = inTriage(() => baton.trackHandoffRequested({ target: 'billing' }));
    baton.withSession({ id: 'ticket-2' }, () =>
      baton.withRun({ agent: 'billing', handoffId: handoff.id }, () => baton.trackHandoffCompleted()),
    );
    expect(linkOf('invoke_agent billing')).toEqual([handoff.id]);
    expect(named('invoke_agent billing').links[0]?.context.spanId).toBe(named('handoff billing').spanContext().spanId);
    const answer = recording.spans().find(({ kind }) => kind === SpanKind.CONSUMER);
    expect(answer?.parentSpanContext?.spanId).toBe(named('handoff billing').spanContext().spanId);
    expect(answer?.attributes['session.id']).toBe('ticket-2');
  });
});

describe('a fan-out', () => {
  it('asks once for each receiver, and none is linked to another’s handoff', async () => {
    const statistics = await inTriage(async (_, session) => {
      const keys = ['search', 'write', 'check'];
      const asked = keys.map((target) => baton.trackHandoffRequested({ target, mode: 'return_to_caller' }));
      await Promise.all(
        keys.map((agent, index) =>
          baton.withChildRun({ agent, handoffId: asked[index]?.id }, async () => {
            await sleep(25 * (3 - index));
            baton.trackHandoffCompleted();
            await baton.withTool({ tool: `${agent}_tool` }, () => sleep(1));
          }),
        ),
      );
      return session.handoffs.statistics();
    });
    expect(tree(['baton.agent.key', 'baton.handoff.status'])).toBe(
      `
invoke_workflow
  invoke_agent triage {agent.key=triage}
    handoff search PRODUCER {agent.key=triage handoff.status=accepted}
      accept_handoff triage CONSUMER {agent.key=search handoff.status=accepted}
    handoff write PRODUCER {agent.key=triage handoff.status=accepted}
      accept_handoff triage CONSUMER {agent.key=write handoff.status=accepted}
    handoff check PRODUCER {agent.key=triage handoff.status=accepted}
      accept_handoff triage CONSUMER {agent.key=check handoff.status=accepted}
    invoke_agent search {agent.key=search handoff.status=accepted} --handoff--> handoff search [baton.handoff.accepted]
      execute_tool search_tool {agent.key=search}
    invoke_agent write {agent.key=write handoff.status=accepted} --handoff--> handoff write [baton.handoff.accepted]
      execute_tool write_tool {agent.key=write}
    invoke_agent check {agent.key=check handoff.status=accepted} --handoff--> handoff check [baton.handoff.accepted]
      execute_tool check_tool {agent.key=check}
`.trim(),
    );
    expect(statistics).toEqual({
      totalHandoffs: 3,
      path: 'triage → check, triage → write, triage → search',
      agentsInvolved: 4,
      agents: ['triage', 'search', 'write', 'check'],
      byStatus: { accepted: 3 },
      loop: false,
    });
  });

  it('to the same agent three times is no loop', () => {
    inTriage((_, session) => {
      for (const _of of [1, 2, 3]) baton.trackHandoffRequested({ target: 'search' });
      for (const _of of [1, 2, 3]) baton.withChildRun({ agent: 'search' }, () => baton.trackHandoffCompleted());
      expect(session.handoffs.statistics()).toMatchObject({
        path: 'triage → search, triage → search, triage → search',
        agentsInvolved: 2,
        loop: false,
      });
    });
    const linked = recording.spans().flatMap(({ links }) => links.map(({ context: { spanId } }) => spanId));
    expect(new Set(linked).size).toBe(3);
    expect(named('invoke_workflow').attributes).not.toHaveProperty(['baton.handoff.loop']);
  });

  it.each(['Rejected', 'Returned'] as const)(
    'of which one is %s before the others are taken is no loop: they were asked before',
    (verb) => {
      inTriage((_, session) => {
        baton.trackHandoffRequested({ target: 'search' });
        baton.trackHandoffRequested({ target: 'search' });
        baton.withChildRun({ agent: 'search' }, () => baton[`trackHandoff${verb}`]());
        baton.withChildRun({ agent: 'search' }, () => baton.trackHandoffCompleted());
        expect(session.handoffs.statistics().loop).toBe(false);
      });
      expect(named('invoke_workflow').events).toEqual([]);
    },
  );
});

describe('a chain', () => {
  it('that passes control lies side by side below the session', () => {
    const handoffs = baton.withSession({}, (session) => {
      const chain = ['a', 'b', 'c'];
      chain.forEach((agent, index) => {
        baton.withRun({ agent }, () => {
          if (index > 0) baton.trackHandoffCompleted();
          const target = chain[index + 1];
          if (target) baton.trackHandoffRequested({ target, mode: 'pass_control' });
        });
      });
      return session.handoffs;
    });
    expect(tree([...SHOW, 'baton.handoff.mode', 'baton.handoff.path', 'baton.handoff.count', 'baton.agents'])).toBe(
      `
invoke_workflow {handoff.path=a,b,c handoff.count=2 baton.agents=a,b,c}
  invoke_agent a
    handoff b PRODUCER {handoff.source=a handoff.target=b handoff.status=accepted handoff.mode=pass_control}
      accept_handoff a CONSUMER {handoff.source=a handoff.target=b handoff.status=accepted}
  invoke_agent b {handoff.source=a handoff.target=b handoff.status=accepted} --handoff--> handoff b [baton.handoff.accepted]
    handoff c PRODUCER {handoff.source=b handoff.target=c handoff.status=accepted handoff.mode=pass_control}
      accept_handoff b CONSUMER {handoff.source=b handoff.target=c handoff.status=accepted}
  invoke_agent c {handoff.source=b handoff.target=c handoff.status=accepted} --handoff--> handoff c [baton.handoff.accepted]
`.trim(),
    );
    expect(handoffs.path()).toBe('a → b → c');
    expect(handoffs.statistics()).toMatchObject({ totalHandoffs: 2, agentsInvolved: 3, loop: false });
  });

  it('that waits lies nested', () => {
    const handoffs = baton.withSession({}, (session) => {
      baton.withRun({ agent: 'a' }, () => {
        baton.trackHandoffRequested({ target: 'b' });
        baton.withRun({ agent: 'b' }, () => {
          baton.trackHandoffRequested({ target: 'c' });
          baton.withRun({ agent: 'c' }, () => {});
        });
      });
      return session.handoffs;
    });
    expect(tree([])).toBe(
      `
invoke_workflow
  invoke_agent a
    handoff b PRODUCER
      accept_handoff a CONSUMER
    invoke_agent b --handoff--> handoff b [baton.handoff.accepted]
      handoff c PRODUCER
        accept_handoff b CONSUMER
      invoke_agent c --handoff--> handoff c [baton.handoff.accepted]
`.trim(),
    );
    expect(handoffs.path()).toBe('a → b → c');
  });
});

describe('a loop', () => {
  /** `a → b → a → …`, each below the one before. */
  function pingPong(times: number): void {
    const hit = (left: number, [me, other]: [string, string]): void => {
      baton.withRun({ agent: me }, () => {
        if (left === 0) return;
        baton.trackHandoffRequested({ target: other });
        hit(left - 1, [other, me]);
      });
    };
    baton.withSession({}, () => hit(times, ['a', 'b']));
  }

  it('is noticed when a pair of agents has the same work a second time', () => {
    pingPong(3);
    const session = named('invoke_workflow');
    expect(session.attributes['baton.handoff.loop']).toBe(true);
    expect(session.events.map(({ name, attributes }) => [name, attributes])).toEqual([
      [
        'baton.handoff.loop_detected',
        {
          'baton.handoff.id': expect.stringMatching(/^00-/),
          'baton.handoff.source': 'a',
          'baton.handoff.target': 'b',
        },
      ],
    ]);
    expect(session.attributes['baton.handoff.path']).toEqual(['a', 'b', 'a', 'b']);
  });

  it('is not noticed when the work only goes back', () => {
    pingPong(2);
    const session = named('invoke_workflow');
    expect([session.attributes['baton.handoff.loop'], session.events]).toEqual([undefined, []]);
    expect(session.attributes['baton.handoff.path']).toEqual(['a', 'b', 'a']);
  });

  it('is noticed in a chain that passes control', () => {
    baton.withSession({}, () => {
      ['a', 'b', 'c', 'a', 'b'].forEach((agent, index, chain) => {
        baton.withRun({ agent }, () => {
          const target = chain[index + 1];
          if (target) baton.trackHandoffRequested({ target, mode: 'pass_control' });
        });
      });
    });
    const session = named('invoke_workflow');
    expect(session.attributes['baton.handoff.loop']).toBe(true);
    expect(session.attributes['baton.handoff.path']).toEqual(['a', 'b', 'c', 'a', 'b']);
    expect(session.events.map(({ attributes }) => attributes?.['baton.handoff.target'])).toEqual(['b']);
  });

  it.each(['Rejected', 'Returned'] as const)('is noticed when what was %s is asked of the same again', (verb) => {
    inTriage((_, session) => {
      baton.trackHandoffRequested({ target: 'billing' });
      baton.withChildRun({ agent: 'billing' }, () => baton[`trackHandoff${verb}`]());
      expect(session.handoffs.statistics().loop).toBe(false);
      baton.trackHandoffRequested({ target: 'billing' });
      baton.withChildRun({ agent: 'billing' }, () => baton.trackHandoffCompleted());
      expect(session.handoffs.statistics().loop).toBe(true);
    });
    expect(named('invoke_workflow').events.map(({ name }) => name)).toEqual(['baton.handoff.loop_detected']);
  });

  it('is not two pieces of work that go the same way one after the other', () => {
    inTriage((_, session) => {
      for (const _of of [1, 2]) {
        baton.trackHandoffRequested({ target: 'billing' });
        baton.withChildRun({ agent: 'billing' }, () => {
          baton.trackHandoffCompleted();
          baton.trackHandoffCompleted();
        });
      }
      expect(session.handoffs.statistics().loop).toBe(false);
    });
  });
});

describe('the handoffs of a session', () => {
  it('are none, with the one agent that ran as path', () => {
    const handoffs = inTriage((_, session) => session.handoffs);
    expect([...handoffs]).toEqual([]);
    expect(handoffs.statistics()).toEqual({
      totalHandoffs: 0,
      path: 'triage',
      agentsInvolved: 1,
      agents: ['triage'],
      byStatus: {},
      loop: false,
    });
    expect(named('invoke_workflow').attributes).toMatchObject({
      'baton.handoff.count': 0,
      'baton.handoff.path': ['triage'],
      'baton.agents': ['triage'],
    });
  });

  it('are none at all in a session without a run', () => {
    const handoffs = baton.withSession({}, (session) => session.handoffs);
    expect(handoffs.statistics()).toEqual({
      totalHandoffs: 0,
      path: '',
      agentsInvolved: 0,
      agents: [],
      byStatus: {},
      loop: false,
    });
  });

  it('can be read one by one, while it lasts and after', () => {
    const handoffs = inTriage((_, session) => {
      baton.trackHandoffRequested({ target: 'billing', reason: 'Refund', mode: 'pass_control' });
      const [open] = session.handoffs;
      expect(open).toMatchObject({ status: 'requested', waitMs: undefined });
      return session.handoffs;
    });
    expect(
      [...handoffs].map((one) => ({
        ...pick(one),
        known: one.id === named('handoff billing').attributes['baton.handoff.id'],
      })),
    ).toEqual([
      { source: 'triage', target: 'billing', mode: 'pass_control', status: 'requested', reason: 'Refund', known: true },
    ]);
    expect(handoffs.count).toBe(1);
  });

  it('leave out of the path what was asked and never taken', () => {
    inTriage((_, session) => {
      baton.trackHandoffRequested({ target: 'nobody' });
      baton.trackHandoffRequested({ target: 'billing' });
      baton.withChildRun({ agent: 'billing' }, () => baton.trackHandoffCompleted());
      expect(session.handoffs.statistics()).toEqual({
        totalHandoffs: 2,
        path: 'triage → billing',
        agentsInvolved: 2,
        agents: ['triage', 'billing'],
        byStatus: { requested: 1, accepted: 1 },
        loop: false,
      });
    });
  });

  it('tell a wrong transfer, its return and the right one as one path', () => {
    inTriage((_, session) => {
      baton.trackHandoffRequested({ target: 'sales' });
      baton.withChildRun({ agent: 'sales' }, () => baton.trackHandoffReturned());
      baton.trackHandoffRequested({ target: 'billing' });
      baton.withChildRun({ agent: 'billing' }, () => baton.trackHandoffCompleted());
      expect(session.handoffs.path()).toBe('triage → sales → triage → billing');
    });
    expect(named('invoke_workflow').attributes['baton.handoff.path']).toEqual(['triage', 'sales', 'triage', 'billing']);
  });

  describe('that are two thousand', () => {
    const many = 2_000;

    function handOver(): SessionHandoffs {
      return inTriage((_, session) => {
        for (let index = 0; index < many; index++) {
          const { id } = baton.trackHandoffRequested({ target: `agent-${index}` });
          baton.withChildRun({ agent: `agent-${index}`, handoffId: id }, () => baton.trackHandoffCompleted());
        }
        return session.handoffs;
      });
    }

    it('are all recorded, and none is kept once the session has ended', () => {
      handOver();
      expect(named('invoke_workflow').attributes['baton.handoff.count']).toBe(many);
      expect(recording.spans().filter(({ kind }) => kind === SpanKind.CONSUMER)).toHaveLength(many);
      expect(registry.handoffs.size).toBe(0);
    });

    it('are counted right', () => {
      expect(handOver().statistics()).toMatchObject({
        totalHandoffs: many,
        agentsInvolved: many + 1,
        byStatus: { accepted: many },
        loop: false,
      });
    });

    it('have a path of bounded length that is the beginning or the end of the way', () => {
      handOver();
      const path = named('invoke_workflow').attributes['baton.handoff.path'] as string[];
      expect(path.length).toBeGreaterThan(100);
      expect(path.length).toBeLessThanOrEqual(1_000);
      expect([path.slice(0, 2), path.slice(-2)]).toContainEqual(
        path[1] === 'agent-0' ? ['triage', 'agent-0'] : ['triage', `agent-${many - 1}`],
      );
    });
  });

  it('push none that is open out of memory, however many were answered before', () => {
    const session = baton.startSession({ id: 'slow' });
    const triage = baton.startRun({ sessionId: 'slow', agent: 'triage' });
    const slow = Array.from({ length: 150 }, () =>
      baton.trackHandoffRequested({ sourceRunId: triage.id, target: 'patience' }),
    );
    baton.withSession({ id: 'busy' }, () => {
      for (let index = 0; index < 10_000; index++) {
        baton.withRun({ agent: 'router' }, () =>
          baton.trackHandoffRejected({ handoffId: baton.trackHandoffRequested({ target: 'search' }).id }),
        );
      }
    });
    for (const { id } of slow) {
      baton.withRun({ sessionId: 'slow', agent: 'patience', handoffId: id }, () => baton.trackHandoffCompleted());
    }
    triage.end();
    session.end();
    const statuses = recording
      .spans()
      .filter(({ name }) => name === 'handoff patience')
      .map(({ attributes }) => attributes['baton.handoff.status']);
    expect(statuses.filter((status) => status !== 'accepted')).toEqual([]);
    expect(statuses).toHaveLength(150);
    expect(warnings).toEqual([]);
  });

  it('are each answered right when two thousand are open at once', () => {
    const many = 2_000;
    inTriage(() => {
      const asked: Handoff[] = [];
      for (let index = 0; index < many; index++) asked.push(baton.trackHandoffRequested({ target: 'search' }));
      for (const { id } of asked) {
        baton.withChildRun({ agent: 'search', handoffId: id }, () => baton.trackHandoffCompleted());
      }
    });
    const byStatus = new Map<unknown, number>();
    for (const { kind, attributes } of recording.spans()) {
      if (kind !== SpanKind.PRODUCER) continue;
      const status = attributes['baton.handoff.status'];
      byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
    }
    expect([...byStatus]).toEqual([['accepted', many]]);
  });
});

function pick({
  source,
  target,
  mode,
  status,
  reason,
}: {
  source: string;
  target: string | undefined;
  mode: string;
  status: string;
  reason: string | undefined;
}): object {
  return { source, target, mode, status, reason };
}

describe('a handoff from a step', () => {
  it('hangs below the step, and belongs to the run', () => {
    inTriage((triage) => {
      baton.withWorkflowStep({ stepKey: 'decide' }, () => {
        baton.trackHandoffRequested({ target: 'billing', sourceRunId: triage.id });
        baton.withChildRun({ agent: 'billing' }, () => {});
      });
    });
    expect(tree(['baton.agent.key', 'baton.step.key'])).toBe(
      `
invoke_workflow
  invoke_agent triage {agent.key=triage}
    run_step decide {agent.key=triage step.key=decide}
      handoff billing PRODUCER {agent.key=triage}
        accept_handoff triage CONSUMER {agent.key=billing}
      invoke_agent billing {agent.key=billing} --handoff--> handoff billing [baton.handoff.accepted]
`.trim(),
    );
    expect(named('invoke_agent billing').attributes['baton.run.parent_id']).toBe(
      named('invoke_agent triage').attributes['baton.run.id'],
    );
  });
});

describe('ids named from outside any scope', () => {
  function started(): { session: Session; triage: Run; handoff: Handoff } {
    const session = baton.startSession({ id: 'ticket-1' });
    const triage = baton.startRun({ sessionId: session.id, agent: 'triage' });
    const handoff = baton.trackHandoffRequested({ sourceRunId: triage.id, target: 'billing' });
    return { session, triage, handoff };
  }

  const ANSWERED = `
invoke_workflow
  invoke_agent triage
    handoff billing PRODUCER {handoff.source=triage handoff.target=billing handoff.status=accepted}
      accept_handoff triage CONSUMER {handoff.source=triage handoff.target=billing handoff.status=accepted}
    invoke_agent billing {handoff.source=triage handoff.target=billing handoff.status=accepted} --handoff--> handoff billing [baton.handoff.accepted]
`.trim();

  it('lead a child run to its handoff, and its answer to both', () => {
    const { session, triage } = started();
    const billing = baton.startChildRun({ parentRunId: triage.id, agent: 'billing' });
    baton.trackHandoffCompleted({ runId: billing.id });
    for (const open of [billing, triage, session]) open.end();
    expect(tree()).toBe(ANSWERED);
    expect(warnings).toEqual([]);
  });

  it.each([
    ['the handoff alone', {}],
    ['the handoff and the session', { sessionId: 'ticket-1' }],
  ])('find the receiver when the answer names %s', (_, ids) => {
    const { session, triage, handoff } = started();
    const billing = baton.startChildRun({ parentRunId: triage.id, agent: 'billing', handoffId: handoff.id });
    baton.trackHandoffCompleted({ ...ids, handoffId: handoff.id });
    for (const open of [billing, triage, session]) open.end();
    expect(tree()).toBe(ANSWERED);
    expect(named('accept_handoff triage').attributes['baton.agent.key']).toBe('billing');
  });

  it('give the answer a span also when no run took over', () => {
    const { session, triage, handoff } = started();
    baton.trackHandoffRejected({ handoffId: handoff.id });
    for (const open of [triage, session]) open.end();
    expect(tree()).toBe(
      `
invoke_workflow
  invoke_agent triage
    handoff billing PRODUCER {handoff.source=triage handoff.target=billing handoff.status=rejected}
      reject_handoff triage CONSUMER {handoff.source=triage handoff.target=billing handoff.status=rejected}
`.trim(),
    );
  });

  it('tell the receiver and the source of a return', () => {
    const { session, triage, handoff } = started();
    const billing = baton.startChildRun({ parentRunId: triage.id, agent: 'billing', handoffId: handoff.id });
    baton.trackHandoffCompleted({ runId: billing.id });
    baton.trackHandoffReturned({ handoffId: handoff.id });
    for (const open of [billing, triage, session]) open.end();
    expect(tree()).toBe(
      `
invoke_workflow
  invoke_agent triage --return--> invoke_agent billing [baton.handoff.returned]
    handoff billing PRODUCER {handoff.source=triage handoff.target=billing handoff.status=accepted}
      accept_handoff triage CONSUMER {handoff.source=triage handoff.target=billing handoff.status=accepted}
    invoke_agent billing {handoff.source=triage handoff.target=billing handoff.status=returned} --handoff--> handoff billing [baton.handoff.accepted, baton.handoff.returned]
`.trim(),
    );
  });

  it('hang a handoff under its run, and not under the step that is open there', () => {
    const { session, triage, handoff } = started();
    expect(handoff.id).not.toBe(triage.id);
    baton.startWorkflowStep({ runId: triage.id, stepKey: 'decide' });
    baton.trackHandoffRequested({ sourceRunId: triage.id, target: 'sales' });
    session.end();
    expect(tree([])).toBe(
      `
invoke_workflow
  invoke_agent triage
    handoff billing PRODUCER
    run_step decide
    handoff sales PRODUCER
`.trim(),
    );
  });
});

describe('a carrier', () => {
  const W3C = w3cPropagator();

  /** As a queue or an HTTP request hands it over. */
  function overTheWire(handoff: Handoff): Record<string, string> {
    return JSON.parse(JSON.stringify(handoff.carrier()));
  }

  function receive(headers: Record<string, string>): void {
    context.with(context.active(), () =>
      baton.withRun({ carrier: headers, agent: 'billing' }, () => baton.trackHandoffCompleted()),
    );
  }

  for (const [which, propagator] of [
    ['with the W3C propagator', W3C],
    ['without a propagator', undefined],
  ] as const) {
    describe(which, () => {
      beforeEach(async () => {
        await recordAgain(propagator ? { propagator } : {});
      });

      it('brings the receiver of a call into the session, below the source and linked to the handoff', async () => {
        const session = baton.startSession({ id: 'ticket-1', userId: 'u-7' });
        const triage = baton.startRun({ sessionId: session.id, agent: 'triage' });
        const handoff = baton.trackHandoffRequested({
          sourceRunId: triage.id,
          target: 'billing',
          mode: 'return_to_caller',
        });
        receive(overTheWire(handoff));
        triage.end();
        session.end();
        expect(tree([...SHOW, 'session.id', 'user.id'])).toBe(
          `
invoke_workflow {session.id=ticket-1 user.id=u-7}
  invoke_agent triage {session.id=ticket-1 user.id=u-7}
    handoff billing PRODUCER {handoff.source=triage handoff.target=billing handoff.status=accepted session.id=ticket-1 user.id=u-7}
      accept_handoff triage CONSUMER {handoff.source=triage handoff.target=billing handoff.status=accepted session.id=ticket-1 user.id=u-7}
    invoke_agent billing {handoff.source=triage handoff.target=billing handoff.status=accepted session.id=ticket-1 user.id=u-7} --handoff--> handoff billing [baton.handoff.accepted]
`.trim(),
        );
        expect(warnings).toEqual([]);
      });

      it('brings the receiver of passed control beside the source', () => {
        const session = baton.startSession({ id: 'ticket-1' });
        const triage = baton.startRun({ sessionId: session.id, agent: 'triage' });
        const handoff = baton.trackHandoffRequested({
          sourceRunId: triage.id,
          target: 'billing',
          mode: 'pass_control',
        });
        triage.end();
        receive(overTheWire(handoff));
        session.end();
        expect(tree([...SHOW, 'session.id'])).toBe(
          `
invoke_workflow {session.id=ticket-1}
  invoke_agent triage {session.id=ticket-1}
    handoff billing PRODUCER {handoff.source=triage handoff.target=billing handoff.status=accepted session.id=ticket-1}
      accept_handoff triage CONSUMER {handoff.source=triage handoff.target=billing handoff.status=accepted session.id=ticket-1}
  invoke_agent billing {handoff.source=triage handoff.target=billing handoff.status=accepted session.id=ticket-1} --handoff--> handoff billing [baton.handoff.accepted]
`.trim(),
        );
      });

      it('from a step brings the receiver below the source run, which outlasts the step', () => {
        const session = baton.startSession({ id: 'ticket-1' });
        const triage = baton.startRun({ sessionId: session.id, agent: 'triage' });
        const handoff = triage.within(() =>
          baton.withTool({ tool: 'transfer_to_billing' }, () =>
            baton.trackHandoffRequested({ target: 'billing', mode: 'return_to_caller' }),
          ),
        );
        receive(overTheWire(handoff));
        triage.end();
        session.end();
        expect(tree([])).toBe(
          `
invoke_workflow
  invoke_agent triage
    execute_tool transfer_to_billing
      handoff billing PRODUCER
        accept_handoff triage CONSUMER
    invoke_agent billing --handoff--> handoff billing [baton.handoff.accepted]
`.trim(),
        );
      });

      it('brings the receiver below the source, also from inside the request that brought it', () => {
        const handoff = inTriage(() => baton.trackHandoffRequested({ target: 'billing', mode: 'return_to_caller' }));
        trace.getTracer('http').startActiveSpan('POST /', (request) => {
          receive(overTheWire(handoff));
          request.end();
        });
        const { spanId } = named('invoke_agent triage').spanContext();
        expect(named('invoke_agent billing').parentSpanContext?.spanId).toBe(spanId);
      });

      it('holds ids and no content', () => {
        const handoff = inTriage(() =>
          baton.trackHandoffRequested({ target: 'billing', reason: 'Refund', payloadSummary: { ticket: 4711 } }),
        );
        expect(handoff.carrier()).toEqual({
          traceparent: named('invoke_agent triage').attributes['baton.run.id'],
          'baton-handoff': handoff.id,
          'baton-session': 'ticket-1',
          'baton-source': 'triage',
        });
      });

      it('still joins and links when the session has ended here', () => {
        const handoff = inTriage(() => baton.trackHandoffRequested({ target: 'billing' }));
        receive(overTheWire(handoff));
        expect(tree([...SHOW, 'session.id'])).toBe(
          `
invoke_workflow {session.id=ticket-1}
  invoke_agent triage {session.id=ticket-1}
    handoff billing PRODUCER {handoff.source=triage handoff.target=billing handoff.status=requested session.id=ticket-1}
      accept_handoff triage CONSUMER {handoff.source=triage handoff.target=billing handoff.status=accepted session.id=ticket-1}
    invoke_agent billing {handoff.source=triage handoff.target=billing handoff.status=accepted session.id=ticket-1} --handoff--> handoff billing [baton.handoff.accepted]
`.trim(),
        );
      });
    });
  }

  it('brings the baggage of the sender into the receiving run', async () => {
    await recordAgain({ propagator: W3C });
    const sender = propagation.setBaggage(context.active(), propagation.createBaggage({ tenant: { value: 'acme' } }));
    const headers = context.with(sender, () =>
      inTriage(() => overTheWire(baton.trackHandoffRequested({ target: 'billing' }))),
    );
    expect(headers.baggage).toBe('tenant=acme');
    baton.withRun({ carrier: headers, agent: 'billing' }, () => {
      expect(propagation.getActiveBaggage()?.getEntry('tenant')?.value).toBe('acme');
    });
  });

  for (const text of ['注文-1', 'Müller & Söhne', 'a\r\nb', ' spaced ', '100%', '50%25', '👩‍💻']) {
    it(`fits into HTTP headers, whatever the session and the agent are called: ${JSON.stringify(text)}`, () => {
      const handoff = baton.withSession({ id: text }, () =>
        baton.withRun({ agent: text }, () => baton.trackHandoffRequested({ target: 'billing' })),
      );
      const headers = Object.fromEntries(new Headers(handoff.carrier()));
      receive(headers);
      const [sent, received] = ['invoke_agent billing', 'handoff billing'].map((name) => named(name).attributes);
      expect(received?.['session.id']).toBe(sent?.['session.id']);
      expect(received?.['baton.handoff.source']).toBe(sent?.['baton.handoff.source']);
      expect(Object.values(headers).join('')).toMatch(/^[ -~]+$/);
      expect(warnings).toEqual([]);
    });
  }

  it('costs nothing but the character where the session id is cut in the middle of one', () => {
    const handoff = baton.withSession({ id: 'a\ud800' }, () => baton.trackHandoffRequested({ target: 'billing' }));
    expect(handoff.carrier()['baton-session']).toBe('a%EF%BF%BD');
  });

  it('is read from headers to which an instrumentation of fetch has added a traceparent of its own', () => {
    const handoff = inTriage(() => baton.trackHandoffRequested({ target: 'billing', mode: 'return_to_caller' }));
    const added = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;
    const { traceparent, ...headers } = overTheWire(handoff);
    receive({ ...headers, traceparent: `${traceparent}, ${added}` });
    expect(tree([])).toContain('    invoke_agent billing --handoff--> handoff billing');
    expect(warnings).toEqual([]);
  });

  it('with a session that anybody else wrote keeps it as it stands', () => {
    const traceparent = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;
    receive({ traceparent, 'baton-session': '50% off' });
    expect(named('invoke_agent billing').attributes['session.id']).toBe('50% off');
  });

  it('that cannot be read starts the run on its own, with one warning, also when the run answers', () => {
    receive({ traceparent: 'nonsense' });
    expect(codes()).toEqual(['invalid_carrier']);
    expect(tree([])).toBe('invoke_agent billing');
  });

  it('of a sender that recorded nothing brings no handoff, and answering that is no mistake', () => {
    receive({ 'baton-session': 'ticket-1' });
    expect(codes()).toEqual([]);
    expect(tree(['session.id'])).toBe('invoke_agent billing {session.id=ticket-1}');
  });
});

/** The propagator that apps register, from the package that comes with the SDK. */
function w3cPropagator(): TextMapPropagator {
  const fromHere = createRequire(import.meta.url);
  const fromSdk = createRequire(fromHere.resolve('@opentelemetry/sdk-trace-base'));
  const core = fromSdk('@opentelemetry/core') as {
    CompositePropagator: new (options: { propagators: TextMapPropagator[] }) => TextMapPropagator;
    W3CTraceContextPropagator: new () => TextMapPropagator;
    W3CBaggagePropagator: new () => TextMapPropagator;
  };
  return new core.CompositePropagator({
    propagators: [new core.W3CTraceContextPropagator(), new core.W3CBaggagePropagator()],
  });
}

describe('a hundred handoffs at once between the same two agents', () => {
  const many = 100;

  it('are each paired with the receiver that names them', async () => {
    await inTriage(async () => {
      const asked = Array.from({ length: many }, (_, index) =>
        baton.trackHandoffRequested({ target: 'billing', metadata: { index } }),
      );
      const shuffled = asked.map((handoff, index) => ({ handoff, index })).sort((a, b) => key(a.index) - key(b.index));
      await Promise.all(
        shuffled.map(({ handoff, index }) =>
          baton.withChildRun({ agent: 'billing', handoffId: handoff.id, metadata: { index } }, async () => {
            await sleep(key(index) % 5);
            baton.trackHandoffCompleted();
            await sleep(key(index) % 3);
          }),
        ),
      );
    });
    const spans = recording.spans();
    const requests = new Map(
      spans.filter(({ kind }) => kind === SpanKind.PRODUCER).map((span) => [span.spanContext().spanId, span]),
    );
    const receivers = spans.filter(({ name }) => name === 'invoke_agent billing');
    const answers = spans.filter(({ kind }) => kind === SpanKind.CONSUMER);
    expect([requests.size, receivers.length, answers.length]).toEqual([many, many, many]);
    const wrong = receivers.filter((receiver) => {
      const request = requests.get(receiver.links[0]?.context.spanId ?? '');
      const answer = answers.find(
        ({ attributes }) => attributes['baton.run.id'] === receiver.attributes['baton.run.id'],
      );
      return !(
        request &&
        receiver.links.length === 1 &&
        receiver.attributes['baton.handoff.id'] === request.attributes['baton.handoff.id'] &&
        request.attributes['baton.metadata.index'] === receiver.attributes['baton.metadata.index'] &&
        request.attributes['baton.handoff.status'] === 'accepted' &&
        answer?.parentSpanContext?.spanId === request.spanContext().spanId
      );
    });
    expect(wrong).toEqual([]);
    expect(warnings).toEqual([]);
  });

  /** Any order but the one they were asked in. */
  function key(index: number): number {
    return (index * 37) % 101;
  }
});
