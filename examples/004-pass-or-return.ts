/**
 * One ticket, handled in two ways. `pass_control`: triage hands the whole conversation to billing, which owns it from
 * then on. `return_to_caller`: an orchestrator keeps the conversation, lets billing do one part, and answers itself.
 *
 * Look at: the parent of billing's run (a sibling of triage, or a child of the orchestrator); what the handoff passes on
 * (the whole transcript, or only the sub-task; the tool executions; the app's metadata); the refund that triage has made,
 * which billing asks for again and which is not made twice; the thread id as the conversation id of every span.
 *
 *     npx tsx examples/004-pass-or-return.ts
 */
import './support/show-replay.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { Baton } from 'otel-baton';
import { type Decision, type Message, type Script, ScriptedModel } from './support/scripted-model.ts';

const THREAD_ID = 'cust-c42-2026-04';
const TICKET = 'My order #4321 was charged twice.';

const baton = await Baton.create({ agent: { key: 'triage', name: 'Triage' } });

/** The state of a conversation, which a handoff passes on. */
interface Conversation {
  readonly threadId: string;
  readonly messages: Message[];
  /** Results by idempotency key, so that no agent repeats what another one did. */
  readonly toolExecutions: Map<string, string>;
  readonly metadata: Readonly<Record<string, string>>;
}

function openConversation(): Conversation {
  return {
    threadId: THREAD_ID,
    messages: [{ role: 'user', content: TICKET }],
    toolExecutions: new Map(),
    metadata: { plan: 'pro', locale: 'en' },
  };
}

type ToolCall = Extract<Decision, { kind: 'tool' }>;

const TOOLS = {
  lookup_order: { riskLevel: 'low', action: 'read', run: () => 'order 4321: charged 49.00 twice, ch_1 and ch_2' },
  issue_refund: {
    riskLevel: 'high',
    action: 'write',
    run: ({ charge }: ToolCall['arguments']) => `${charge} refunded`,
  },
  send_invoice: { riskLevel: 'low', action: 'communicate', run: () => 'corrected invoice sent' },
} as const;

async function execute({ name, arguments: args }: ToolCall, { toolExecutions }: Conversation): Promise<string> {
  const tool = TOOLS[name as keyof typeof TOOLS];
  const idempotencyKey = `${name}:${Object.values(args).join(':')}`;
  return baton.withTool(
    {
      tool: { name, riskLevel: tool.riskLevel },
      action: { type: tool.action, name },
      resource: { type: 'order', externalId: '4321' },
      arguments: args,
      idempotencyKey,
    },
    async (call) => {
      const earlier = toolExecutions.get(idempotencyKey);
      call.setCached(earlier !== undefined);
      const result = earlier ?? tool.run(args);
      if (earlier === undefined) {
        await sleep(15);
        toolExecutions.set(idempotencyKey, result);
      }
      call.setResult(result);
      console.log(`  ${name}(${Object.values(args).join(', ')}): ${result}${earlier ? ' (earlier, not again)' : ''}`);
      return result;
    },
  );
}

/** Lets the agent call the model and tools until it answers or hands over; returns that last decision. */
async function think(agent: string, conversation: Conversation, model: ScriptedModel): Promise<Decision> {
  const { messages } = conversation;
  for (;;) {
    const decision = await baton.withLlmCall(
      { provider: model.provider, model: model.name, messages },
      async (call) => {
        const completion = await model.complete(agent, messages);
        call.setResponse(completion);
        return completion.decision;
      },
    );
    if (decision.kind === 'answer') messages.push({ role: 'assistant', content: decision.text });
    if (decision.kind !== 'tool') return decision;
    messages.push({ role: 'tool', content: await execute(decision, conversation) });
  }
}

function textOf(decision: Decision): string {
  return decision.kind === 'answer' ? decision.text : '';
}

/** The conversation changes its owner: the first run ends, and the next one takes over for good. */
async function passControl(script: Script): Promise<void> {
  const conversation = openConversation();
  const { threadId, metadata } = conversation;
  const model = new ScriptedModel('gpt-5.5', script);
  const ticket = { id: threadId, conversationId: threadId, metadata, inputSummary: TICKET };

  await baton.withSession({ ...ticket, kind: 'multi_agent', name: 'pass-control' }, async (session) => {
    const handoff = await baton.withRun({ agent: { key: 'triage', name: 'Triage' } }, async () => {
      const decision = await think('triage', conversation, model);
      return baton.trackHandoffRequested({
        target: 'billing',
        mode: 'pass_control',
        reason: decision.kind === 'handoff' ? decision.reason : 'Triage is done',
        reasonType: 'specialization',
        payloadSummary: {
          threadId,
          messages: conversation.messages.length,
          toolExecutions: [...conversation.toolExecutions.keys()],
        },
        metadata,
      });
    });

    await baton.withRun({ agent: { key: 'billing', name: 'Billing' }, handoffId: handoff.id }, async (run) => {
      baton.trackHandoffCompleted(); // accepted
      console.log(`  billing sees ${conversation.messages.length} messages of thread ${conversation.threadId}`);
      const answer = textOf(await think('billing', conversation, model));
      run.setOutputSummary(answer);
      session.setOutputSummary(answer);
      console.log(`  Billing to the customer: ${answer}`);
    });
    console.log(`  ${session.handoffs.path()}`);
  });
}

/** The conversation stays with the orchestrator: billing gets a sub-task and returns the result. */
async function returnToCaller(script: Script): Promise<void> {
  const conversation = openConversation();
  const { threadId, metadata } = conversation;
  const model = new ScriptedModel('gpt-5.5', script);
  // The same thread a second time, so it needs a separate session.
  const ticket = { id: `${threadId}-again`, conversationId: threadId, metadata, inputSummary: TICKET };

  await baton.withSession({ ...ticket, kind: 'multi_agent', name: 'return-to-caller' }, async (session) => {
    const agent = { key: 'support', name: 'Support Orchestrator' };
    await baton.withRun({ agent, role: 'orchestrator' }, async (run) => {
      const decision = await think('support', conversation, model);
      const task = decision.kind === 'handoff' ? decision.reason : TICKET;
      const handoff = baton.trackHandoffRequested({
        target: 'billing',
        mode: 'return_to_caller',
        reason: task,
        reasonType: 'delegation',
        payloadSummary: { threadId, task },
      });

      const child = { agent: { key: 'billing', name: 'Billing' }, role: 'worker', handoffId: handoff.id };
      const outcome = await baton.withChildRun(child, async (billing) => {
        baton.trackHandoffCompleted(); // accepted
        const subTask = { ...conversation, messages: [{ role: 'user' as const, content: task }] };
        console.log(`  billing sees ${subTask.messages.length} message of thread ${subTask.threadId}`);
        const text = textOf(await think('billing', subTask, model));
        billing.setOutputSummary(text);
        baton.trackHandoffCompleted({ payloadSummary: text }); // completed
        return text;
      });

      conversation.messages.push({ role: 'tool', content: outcome });
      const answer = textOf(await think('support', conversation, model));
      run.setOutputSummary(answer);
      session.setOutputSummary(answer);
      console.log(`  Support to the customer: ${answer}`);
    });
    console.log(`  ${session.handoffs.path()}`);
  });
}

const refund: Decision = { kind: 'tool', name: 'issue_refund', arguments: { order: '4321', charge: 'ch_2' } };
const lookup: Decision = { kind: 'tool', name: 'lookup_order', arguments: { order: '4321' } };

console.log(`\npass_control: ${TICKET}`);
await passControl({
  triage: [lookup, refund, { kind: 'handoff', target: 'billing', reason: 'The invoice must be corrected, too' }],
  billing: [
    refund,
    { kind: 'tool', name: 'send_invoice', arguments: { order: '4321' } },
    { kind: 'answer', text: 'The second charge is refunded and a corrected invoice is on its way.' },
  ],
});

console.log(`\nreturn_to_caller: ${TICKET}`);
await returnToCaller({
  support: [
    lookup,
    { kind: 'handoff', target: 'billing', reason: 'Refund charge ch_2 of order 4321' },
    { kind: 'answer', text: 'We are sorry: the second charge has been refunded.' },
  ],
  billing: [refund, { kind: 'answer', text: 'ch_2 refunded' }],
});

await baton.flush();
await baton.shutdown();
