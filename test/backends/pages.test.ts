import { afterEach, expect, it, jest } from '@jest/globals';
import { describeWith } from './support/describe-with.ts';
import { eventually } from './support/eventually.ts';
import { allInJaeger } from './support/in-jaeger.ts';
import { type Follower, followerOf } from './support/page-commands.ts';

// Who copies the commands of these pages gets what the pages say.

jest.setTimeout(90_000);

describeWith(['jaeger', 'tempo', 'collector'], 'who follows', () => {
  let follower: Follower | undefined;

  const following = async (page: string): Promise<Follower> => {
    follower = await followerOf(page);
    return follower;
  };

  afterEach(() => follower?.stop());

  it('docs/jaeger.md has three programs in Jaeger', async () => {
    const { follow, relocate } = await following('docs/jaeger.md');
    await follow();
    const spans = await allInJaeger({ url: relocate('http://localhost:16686') });
    const services = new Set(spans.map(({ resource }) => resource['service.name']));
    expect([...services]).toEqual(
      expect.arrayContaining(['support-escalation', 'response-worker', 'customer-service', 'billing_agent', 'billing']),
    );
    const night = spans.filter(({ attributes }) => attributes['session.id'] === 'SUP-123');
    expect(new Set(night.map(({ traceId }) => traceId)).size).toBe(2);
  });

  it('docs/tempo.md finds the handoff in Tempo', async () => {
    const { follow, ask } = await following('docs/tempo.md');
    await follow();
    await eventually(async () => {
      const { traces } = JSON.parse(await ask()) as { traces: unknown };
      expect(traces).toMatchObject([{ rootServiceName: 'support-escalation' }]);
    });
  });

  it('docs/company.md has every handoff counted by the gateways', async () => {
    const { follow, ask } = await following('docs/company.md');
    await follow();
    await eventually(async () => {
      const counted = (await ask()).matchAll(/client="(.+?)".*?server="(.+?)"/g);
      const edges = Array.from(counted, ([, client, server]) => `${client} → ${server}`);
      expect([...new Set(edges)].sort()).toEqual([
        'billing_agent → order_agent',
        'order_agent → billing_agent',
        'receptionist → billing_agent',
        'receptionist → order_agent',
        'receptionist → tech_agent',
      ]);
    });
  });
});
