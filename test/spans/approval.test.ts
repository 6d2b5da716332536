import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-base';
import { Baton, type Carrier } from '../../src/index.ts';
import { recordEachTest } from '../support/recording.ts';

const recording = recordEachTest();
let baton: Baton;

beforeEach(() => {
  baton = recording.client({ agent: 'billing' });
});

const SHOWN = ['baton.approval.status', 'baton.approval.approver', 'baton.approval.decision_reason'];
const tree = (): string => recording.tree(SHOWN);
const attributesOf = (name: string) => recording.spans().find((span) => span.name.startsWith(name))?.attributes ?? {};

describe('an approval', () => {
  it('is open as long as somebody decides, and true means approved', async () => {
    const paid = await baton.withSession({ id: 's' }, () =>
      baton.withRun({}, () =>
        baton.withTool({ tool: 'issue_refund' }, async () => {
          const approved = await baton.withApproval(
            { tool: { name: 'issue_refund', riskLevel: 'high' }, approver: 'leads', reason: 'More than 100 €' },
            async () => {
              await sleep(20);
              return true;
            },
          );
          return approved ? 'paid' : 'not paid';
        }),
      ),
    );
    expect(paid).toBe('paid');
    expect(tree()).toBe(
      `
invoke_workflow
  invoke_agent billing
    execute_tool issue_refund
      await_approval issue_refund {approval.status=approved approval.approver=leads}
`.trim(),
    );
    const { 'baton.approval.wait_ms': wait, ...attributes } = attributesOf('await_approval');
    expect(wait).toBeGreaterThanOrEqual(19);
    expect(attributes).toMatchObject({
      'session.id': 's',
      'baton.approval.id': expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/),
      'baton.approval.reason': 'More than 100 €',
      'baton.tool.risk_level': 'high',
      'baton.approval.tool': 'issue_refund',
    });
  });

  it('is rejected by false, and by the word on its handle, which says by whom and why', () => {
    baton.withRun({}, () => {
      expect(baton.withApproval({ tool: 'a' }, () => false)).toBe(false);
      baton.withApproval({ tool: 'b' }, (approval) => approval.reject({ approver: 'anna', reason: 'Too much' }));
      baton.withApproval({ tool: 'c' }, (approval) => approval.expire());
      baton.withApproval({ tool: 'd' }, () => 'said nothing');
      baton.startApproval({ tool: 'e' }).approve({ approver: 'anna' });
    });
    expect(tree()).toBe(
      `
invoke_agent billing
  await_approval a {approval.status=rejected}
  await_approval b {approval.status=rejected approval.approver=anna approval.decision_reason=Too much}
  await_approval c {approval.status=expired}
  await_approval d {approval.status=requested}
  await_approval e {approval.status=approved approval.approver=anna}
`.trim(),
    );
  });

  it('takes the first word; a second one is warned about', () => {
    baton.withRun({}, () => {
      const approval = baton.startApproval({ tool: 'refund' });
      approval.approve();
      approval.reject();
    });
    expect(attributesOf('await_approval')['baton.approval.status']).toBe('approved');
    expect(baton.warnings()).toEqual({ approval_already_decided: 1 });
  });

  it('fails with its callback, and is abandoned with its session', async () => {
    const failed = baton.withApproval({ tool: 'a' }, () => Promise.reject(new Error('no mail server')));
    await expect(failed).rejects.toThrow('no mail server');
    baton.withSession({}, () => {
      baton.startApproval({ tool: 'b' });
    });
    expect(tree()).toBe(
      `
await_approval a ERROR(no mail server) {approval.status=requested} [exception]
invoke_workflow
  await_approval b {approval.status=requested}
`.trim(),
    );
    expect(attributesOf('await_approval b')['baton.abandoned']).toBe(true);
  });

  it('keeps nothing open while it is suspended, and is decided later by its carrier, linked to where it was asked', async () => {
    let carrier: Carrier = {};
    baton.withSession({ id: 's' }, () =>
      baton.withRun({}, () => {
        carrier = baton.startApproval({ id: 'A-7', tool: 'refund' }).suspend();
      }),
    );
    expect(recording.spans()).toHaveLength(3);
    expect(carrier).toMatchObject({
      traceparent: expect.any(String),
      'baton-session': 's',
      'baton-approval': 'A-7',
      'baton-requested': expect.stringMatching(/^\d{13}$/),
    });
    await sleep(15);
    const other = new Baton({ agent: 'night-shift' });
    other.resolveApproval({ carrier, status: 'approved', approver: 'anna', reason: 'Seen', tool: 'refund' });
    expect(tree()).toBe(
      `
invoke_workflow
  invoke_agent billing
    await_approval refund {approval.status=requested}
await_approval refund {approval.status=approved approval.approver=anna approval.decision_reason=Seen} --resume--> await_approval refund
`.trim(),
    );
    const decided = recording.spans().at(-1)?.attributes;
    expect(decided).toMatchObject({ 'session.id': 's', 'baton.approval.id': 'A-7' });
    expect(decided?.['baton.approval.wait_ms']).toBeGreaterThanOrEqual(14);
    expect(other.warnings()).toEqual({});
  });

  it('is decided by its id while it waits in this process, and by its id alone later', () => {
    const approval = baton.startApproval({ tool: 'refund' });
    baton.resolveApproval({ approvalId: approval.id, status: 'rejected', approver: 'anna' });
    baton.resolveApproval({ approvalId: approval.id, status: 'approved' });
    expect(tree()).toBe(
      `
await_approval refund {approval.status=rejected approval.approver=anna}
await_approval {approval.status=approved} --resume--> await_approval refund
`.trim(),
    );
  });

  it('warns of an answer that names no approval, or says nothing known', () => {
    baton.resolveApproval({ status: 'approved' });
    baton.resolveApproval({ approvalId: 'A-1', status: 'maybe' as never });
    expect(recording.spans()).toEqual([]);
    expect(baton.warnings()).toEqual({ unknown_approval: 1, invalid_input: 1 });
  });

  it('decides all the same where nothing is recorded', async () => {
    await recording.startAgain({ sampler: new AlwaysOffSampler() });
    for (const each of [baton, new Baton({ agent: 'off', enabled: false })]) {
      expect(await each.withApproval({ tool: 'refund' }, async () => true)).toBe(true);
      const approval = each.startApproval({ tool: 'refund' });
      approval.approve();
      expect(approval.suspend()).toEqual({ 'baton-session': expect.any(String) });
    }
  });
});
