// Says everything that can be said, once: every concept, every attribute, every answer to a handoff.
import '../../examples/support/show-replay.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { Baton, type Run } from 'otel-baton';

const baton = new Baton({
  agent: {
    key: 'support-lead',
    name: 'Support Lead',
    description: 'Plans and delegates support work',
    version: '2026.4',
  },
  content: 'full',
  environment: 'staging',
  handoffLimit: 1,
});

/** An error that the program expects; what it gives back otherwise is dropped. */
async function expectError(work: () => unknown): Promise<void> {
  try {
    await work();
  } catch {
    return;
  }
  throw new Error('this should have failed');
}

await baton.withSession(
  {
    id: 'ticket-77',
    name: 'refund-request',
    kind: 'pipeline',
    inputSummary: { ticket: 77, subject: 'Charged twice', password: 'hunter2' },
    environment: 'production',
    userId: 'user-5',
    conversationId: 'conv-42',
    previousSessionId: 'ticket-76',
    metadata: {
      trigger: 'email',
      attempt: 2,
      score: 0.75,
      urgent: true,
      tags: ['refund', 'vip'],
      ...Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`extra${index}`, index])),
    },
  },
  async (session) => {
    await baton.withRun(
      {
        stepKey: 'lead',
        stepName: 'Lead',
        stepIndex: 0,
        role: 'orchestrator',
        inputSummary: 'Handle ticket 77',
        environment: 'production-eu',
        metadata: { shift: 'night' },
      },
      async (lead) => {
        await stepWithCalls();
        await failures();
        await handoffs(lead);
        await approvals();
        await loop();
        lead.setOutputSummary('Refunded, customer informed');
      },
    );
    session.setOutputSummary('Ticket closed');
    session.setMetadata({ closedBy: 'support-lead' });
  },
);

/** A step, a model call with its content, a tool call, the same one again from the cache, a call over MCP. */
async function stepWithCalls(): Promise<void> {
  const step = { stepKey: 'triage-ticket', stepName: 'Triage ticket', stepIndex: 1 };
  await baton.withWorkflowStep({ ...step, payloadSummary: { ticket: 77 }, metadata: { queue: 'vip' } }, async () => {
    const messages = [{ role: 'user', parts: [{ type: 'text', content: 'I was charged twice' }] }];
    const model = { model: 'gpt-5.5', provider: 'openai', messages, metadata: { temperature: 0.2 } };
    await baton.withLlmCall(model, async (call) => {
      await sleep(2);
      call.setResponse({
        id: 'resp-1',
        model: 'gpt-5.5-2026-08-01',
        finishReasons: ['tool_calls'],
        messages: [{ role: 'assistant', parts: [{ type: 'text', content: 'Let me look' }], finish_reason: 'stop' }],
        usage: {
          inputTokens: 120,
          outputTokens: 30,
          cacheReadTokens: 64,
          cacheCreationTokens: 16,
          reasoningTokens: 12,
          cost: { usd: 0.0031, eur: 0.0028 },
        },
      });
    });

    const refund = {
      tool: {
        name: 'issue_refund',
        provider: 'stripe',
        riskLevel: 'high',
        type: 'function',
        description: 'Gives money back',
      },
      action: { type: 'write', name: 'refund' },
      resource: { type: 'charge', externalId: 'ch_2', provider: 'stripe', environment: 'production' },
      callId: 'call-1',
      arguments: { charge: 'ch_2', amount: 49, token: 'tok-secret' },
      idempotencyKey: 'refund:ch_2',
    };
    await baton.withTool({ ...refund, metadata: { approvedBy: 'policy' } }, async (call) => {
      await sleep(2);
      call.setResult({ refunded: 49 });
    });
    await baton.withTool({ ...refund, callId: 'call-2' }, (call) => call.setCached(true));

    await baton.withMcpCall(
      {
        server: 'crm',
        tool: 'find_customer',
        riskLevel: 'low',
        actionType: 'read',
        actionName: 'find',
        resourceType: 'database_record',
        resourceProvider: 'postgres',
        resourceId: 'customer-5',
        environment: 'production',
        arguments: { id: 5 },
      },
      async (call) => call.setResult('found'),
    );
  });
}

/** A tool that fails, an error that is dealt with, an event, a run that is cancelled and one that fails. */
async function failures(): Promise<void> {
  await expectError(() =>
    baton.withTool({ tool: 'search_archive' }, async () => {
      await sleep(2);
      throw new TypeError('archive answered with password=hunter2');
    }),
  );
  baton.captureError({ error: new RangeError('page 9 of 8'), metadata: { page: 9 } });
  baton.track({ type: 'policy.checked', payload: { rule: 'refund-limit', allowed: true } });
  await expectError(() =>
    baton.withChildRun({ stepKey: 'translator' }, async () => {
      await sleep(2);
      throw new DOMException('the customer left', 'AbortError');
    }),
  );
  await expectError(() =>
    baton.withChildRun({ agent: { key: 'summariser', name: 'Summariser' } }, async () => {
      await sleep(2);
      throw Object.assign(new Error('quota used up'), { code: 'QUOTA' });
    }),
  );
}

/** Handoffs with every answer there is, and with none. */
async function handoffs(lead: Run): Promise<void> {
  // accepted and completed
  baton.trackHandoffRequested({
    target: 'researcher',
    mode: 'return_to_caller',
    reason: 'Find earlier refunds',
    reasonType: 'delegation',
    environment: 'production-eu',
    payloadSummary: { customer: 5 },
    metadata: { deadline: 'today' },
  });
  await sleep(2);
  await baton.withChildRun({ agent: { key: 'researcher', name: 'Researcher' }, role: 'worker' }, async (run) => {
    baton.trackHandoffCompleted({ reason: 'I am free', payloadSummary: 'taken' });
    run.setUsage({ inputTokens: 10, outputTokens: 5 });
    run.setAgent({ key: 'researcher', name: 'Researcher', version: '7' });
    await sleep(2);
    baton.trackHandoffCompleted({ payloadSummary: { earlierRefunds: 0 } });
  });

  // to whoever comes: accepted without a word
  baton.trackHandoffRequested({ reason: 'Write the answer' });
  await sleep(2);
  await baton.withChildRun({ stepKey: 'writer', stepName: 'Writer', stepIndex: 2 }, async () => {
    // on to a third: more often than the limit allows
    baton.trackHandoffRequested({ target: 'proofreader' });
    await sleep(2);
    await baton.withChildRun({ agent: 'proofreader' }, () => sleep(2));
  });

  // rejected
  baton.trackHandoffRequested({ target: 'reviewer', reason: 'Review the answer' });
  await sleep(2);
  await baton.withChildRun({ agent: 'reviewer' }, async () => {
    baton.trackHandoffRejected({ reason: 'Nothing to review yet' });
    await sleep(2);
  });

  // failed
  baton.trackHandoffRequested({ target: 'printer', reason: 'Print the invoice' });
  await sleep(2);
  await baton.withChildRun({ agent: 'printer' }, async () => {
    baton.trackHandoffFailed({
      reason: 'Out of paper',
      payloadSummary: 'invoice 77',
      error: new RangeError('tray 2 is empty'),
    });
    await sleep(2);
  });

  // from another process, which sent this along
  const trace = '0af7651916cd43dd8448eb211c80319c';
  const carrier = {
    traceparent: `00-${trace}-b7ad6b7169203331-01`,
    'baton-handoff': `00-${trace}-00f067aa0ba902b7-01`,
    'baton-session': 'ticket-77',
    'baton-source': 'mail-intake',
  };
  await baton.withRun({ agent: 'mail-reader', carrier }, () => sleep(2));

  // a fan-out with what crossed, and where it comes together again
  const context = {
    messages: 12,
    toolExecutions: 3,
    bytes: 4096,
    metadataKeys: ['ticket'],
    filtered: ['system_prompt'],
  };
  const content = [{ role: 'user', parts: [{ type: 'text', content: 'I was charged twice' }] }];
  baton.trackHandoffRequested({ target: 'summariser', context: { ...context, content } });
  await sleep(2);
  const id = await baton.withChildRun({ agent: 'summariser' }, async (run) => {
    await sleep(2);
    return run.id;
  });
  await baton.withWorkflowStep({ stepKey: 'merge', joins: [id] }, () => sleep(2));

  // more to join than one span holds: the test sets a limit of four links
  await baton.withWorkflowStep({ stepKey: 'merge-all', joins: Array(6).fill(id) }, () => sleep(2));

  // nobody in time
  baton.trackHandoffRequested({ target: 'sleeper', expiresInMs: 1 });
  await sleep(20);

  // nobody in time as far as is known here: the carrier is away
  baton.trackHandoffRequested({ target: 'translator', mode: 'return_to_caller', expiresInMs: 1 }).carrier();
  await sleep(20);

  // to a person and to a queue, nobody answers
  baton.trackHandoffRequested({ target: { kind: 'human', key: 'on-call' }, reasonType: 'escalation' });
  baton.trackHandoffRequested({
    target: { kind: 'queue', key: 'letters' },
    sourceRunId: lead.id,
    mode: 'pass_control',
  });
  await sleep(2);
}

/** Somebody is asked: here, and in a wait that goes on elsewhere. */
async function approvals(): Promise<void> {
  const refund = {
    tool: { name: 'issue_refund', riskLevel: 'high' },
    action: { type: 'write', name: 'refund' },
    resource: { type: 'charge', externalId: 'ch_2', provider: 'stripe', environment: 'production' },
  };
  await baton.withApproval(
    { ...refund, approver: 'support-leads', reason: 'More than 40 EUR', payloadSummary: { amount: 49 } },
    async (approval) => {
      await sleep(2);
      approval.approve({ approver: 'anna', reason: 'The customer is right' });
    },
  );
  const asked = baton.startApproval({ id: 'approval-8', tool: 'close_account' });
  await sleep(2);
  const carrier = asked.suspend();
  await sleep(2);
  baton.resolveApproval({ carrier, tool: 'close_account', status: 'rejected' });
}

/** The same work goes to and fro between the same two. */
async function loop(): Promise<void> {
  for (const reason of ['Check the address', 'Check it again']) {
    baton.trackHandoffRequested({ target: 'checker', reason });
    await sleep(2);
    await baton.withChildRun({ agent: 'checker' }, async () => {
      baton.trackHandoffCompleted();
      await sleep(2);
      baton.trackHandoffReturned({ reason: 'No address given' });
      await sleep(2);
    });
  }
}

// one agent: no workflow; and its error ends the session
await expectError(() =>
  baton.withSession({ id: 'ticket-78', kind: 'single_agent', inputSummary: 'Hello?' }, () =>
    baton.withRun({ agent: 'greeter' }, async () => {
      await sleep(2);
      throw new Error('nobody there');
    }),
  ),
);

// more progress than one span holds: the test sets a limit of sixteen events
await baton.withRun({ agent: 'chatterbox', sessionId: 'ticket-77' }, async () => {
  for (let page = 1; page <= 14; page++) baton.track({ type: 'page', payload: { page } });
  await sleep(2);
});

// a run outside any session
await baton.withRun({ agent: 'cleaner' }, () => sleep(2));

// a trace for each run, suspended and resumed
const chat = baton.startSession({ id: 'thread-7', kind: 'multi_agent', trace: 'per-run' });
for (const agent of ['greeter', 'closer']) await chat.within(() => baton.withRun({ agent }, () => sleep(2)));
await baton.resumeSession({ carrier: chat.suspend(), kind: 'multi_agent' }, () => sleep(2));

// broken off by somebody
const stop = new AbortController();
await baton
  .withRun({ agent: 'reader', sessionId: 'ticket-77', signal: stop.signal }, () =>
    baton.withTool({ tool: 'read_aloud' }, async () => {
      await sleep(2);
      stop.abort();
      stop.signal.throwIfAborted();
    }),
  )
  .catch(() => {});

// left open: ended with the client
const session = baton.startSession({ id: 'ticket-79', name: 'left-open' });
const run = baton.startRun({ sessionId: session.id, agent: 'dreamer' });
baton.startWorkflowStep({ runId: run.id, stepKey: 'think' });
baton.startTool({ runId: run.id, tool: 'meditate' });
baton.startLlmCall({ runId: run.id, provider: 'openai', model: 'gpt-5.5' });
await sleep(2);

await baton.shutdown();
