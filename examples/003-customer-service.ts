/**
 * Customer service: a receptionist and three specialists (orders, billing, tech) in three conversations. Each
 * conversation is a session. A scripted model makes all decisions.
 *
 * Look at: conversation 1, with one agent and no handoff; conversation 2, where billing takes over from the receptionist;
 * conversation 3, where a wrong transfer comes back to the receptionist, two workers hand the order back and forth, and a
 * tool refuses a refund. Also look at the path and the statistics of the handoffs, in the program and in the replay.
 *
 *     npx tsx examples/003-customer-service.ts
 */
import './support/show-replay.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { Baton, type Run } from 'otel-baton';
import { type Decision, type Message, type Script, ScriptedModel } from './support/scripted-model.ts';

const baton = await Baton.create({ agent: { key: 'receptionist', name: 'Receptionist' } });

const AGENTS: Readonly<Record<string, { readonly name: string; readonly role: string }>> = {
  receptionist: { name: 'Receptionist', role: 'orchestrator' },
  order_agent: { name: 'Order Specialist', role: 'worker' },
  billing_agent: { name: 'Billing Specialist', role: 'worker' },
  tech_agent: { name: 'Tech Support', role: 'worker' },
};

const ORDERS: Readonly<Record<string, { status: string; amount: number; items: string[]; tracking?: string }>> = {
  '12345': { status: 'shipped', amount: 99.99, items: ['Widget A', 'Widget B'], tracking: 'TRK-98765' },
  '67890': { status: 'pending', amount: 149.99, items: ['Gadget X'] },
};

type Arguments = Extract<Decision, { kind: 'tool' }>['arguments'];

function get_order_status({ order_id }: Arguments): string {
  const order = ORDERS[String(order_id)];
  if (!order) return `Order ${order_id} not found`;
  return `Order ${order_id}: ${order.status}. Tracking: ${order.tracking ?? 'N/A'}`;
}

function process_refund({ order_id, amount }: Arguments): string {
  const order = ORDERS[String(order_id)];
  if (!order) return `Order ${order_id} not found`;
  if (Number(amount) > order.amount) return `Refund amount $${amount} exceeds order total $${order.amount}`;
  return `Refund of $${amount} for order ${order_id} processed successfully`;
}

const TOOLS = {
  get_order_status: { run: get_order_status, riskLevel: 'low', action: 'read' },
  process_refund: { run: process_refund, riskLevel: 'high', action: 'write' },
} as const;

async function callTool(name: string, args: Arguments): Promise<string> {
  const tool = TOOLS[name as keyof typeof TOOLS];
  console.log(`  🔧 Calling: ${name}(${JSON.stringify(args)})`);
  const result = await baton.withTool(
    {
      tool: { name, type: 'function', riskLevel: tool.riskLevel },
      action: { type: tool.action, name },
      resource: { type: 'order', externalId: String(args.order_id) },
      arguments: args,
    },
    async (call) => {
      await sleep(12);
      const output = tool.run(args);
      call.setResult(output);
      return output;
    },
  );
  console.log(`  📊 Result: ${result}`);
  return result;
}

function askModel(model: ScriptedModel, agent: string, messages: readonly Message[]): Promise<Decision> {
  return baton.withLlmCall({ provider: model.provider, model: model.name, messages }, async (call) => {
    const { decision, ...response } = await model.complete(agent, messages);
    call.setResponse(response);
    return decision;
  });
}

/** The next agent, and the handoff that it received: none at the start, and none when the work came back. */
interface Turn {
  readonly agent: string;
  readonly handoff?: { readonly id: string; readonly from: string };
}

/** Runs one agent until it answers the customer or another agent continues. */
async function work(run: Run, turn: Turn, messages: Message[], model: ScriptedModel): Promise<Turn | undefined> {
  if (turn.handoff) baton.trackHandoffCompleted(); // accepted
  for (;;) {
    const decision = await askModel(model, turn.agent, messages);
    switch (decision.kind) {
      case 'answer':
        messages.push({ role: 'assistant', content: decision.text });
        run.setOutputSummary(decision.text);
        return undefined;

      case 'tool':
        messages.push({ role: 'tool', content: await callTool(decision.name, decision.arguments) });
        break;

      case 'handoff': {
        const { target, reason } = decision;
        console.log(`  🔄 Handoff to: ${target}\n  💬 Reason: ${reason}`);
        const payloadSummary = { messages: messages.length };
        const { id } = baton.trackHandoffRequested({ target, mode: 'pass_control', reason, payloadSummary });
        return { agent: target, handoff: { id, from: turn.agent } };
      }

      case 'return':
        console.log(`  ↩️  Back to: ${turn.handoff?.from}\n  💬 Reason: ${decision.reason}`);
        baton.trackHandoffReturned({ reason: decision.reason });
        return { agent: turn.handoff?.from ?? 'receptionist' };
    }
  }
}

/** Runs the whole conversation. With `pass_control`, a run ends when the next one begins. */
async function converse(message: string, start: string, script: Script): Promise<void> {
  const line = '='.repeat(80);
  console.log(`\n${line}\nUser: ${message}\n${line}\n`);
  const model = new ScriptedModel('gpt-4.1-mini', script);
  const messages: Message[] = [{ role: 'user', content: message }];
  const kind = start === 'receptionist' ? 'multi_agent' : 'single_agent';

  await baton.withSession({ kind, name: 'customer-service', inputSummary: message }, async (session) => {
    let turn: Turn | undefined = { agent: start };
    while (turn) {
      const current: Turn = turn;
      const { name = current.agent, role = 'worker' } = AGENTS[current.agent] ?? {};
      console.log(`[${name}] Status: in_progress`);
      const agent = { key: current.agent, name };
      turn = await baton.withRun({ agent, role, handoffId: current.handoff?.id }, (run) =>
        work(run, current, messages, model),
      );
    }
    const answer = messages.at(-1)?.content ?? '';
    session.setOutputSummary(answer);
    console.log(`\n${answer}\n`);

    const { totalHandoffs, agentsInvolved } = session.handoffs.statistics();
    console.log({ total_handoffs: totalHandoffs, path: session.handoffs.path(), agents_involved: agentsInvolved });
  });
}

// 1: the customer comes from the order's page, so the specialist starts
await converse('Has my order #12345 shipped?', 'order_agent', {
  order_agent: [
    { kind: 'tool', name: 'get_order_status', arguments: { order_id: '12345' } },
    { kind: 'answer', text: 'Yes, order #12345 has shipped. You can follow it with the number TRK-98765.' },
  ],
});

// 2: a refund
await converse("I don't want order #12345 anymore, please refund", 'receptionist', {
  receptionist: [{ kind: 'handoff', target: 'billing_agent', reason: 'User is requesting a refund' }],
  billing_agent: [
    { kind: 'tool', name: 'get_order_status', arguments: { order_id: '12345' } },
    { kind: 'tool', name: 'process_refund', arguments: { order_id: '12345', amount: 99.99 } },
    { kind: 'answer', text: 'Your refund of $99.99 for order #12345 has been processed successfully.' },
  ],
});

// 3: a wrong transfer that comes back, then worker to worker
await converse("My order #67890 hasn't shipped yet, can I cancel and refund?", 'receptionist', {
  receptionist: [
    { kind: 'handoff', target: 'tech_agent', reason: 'The order seems to be stuck in the system' },
    { kind: 'handoff', target: 'order_agent', reason: 'User wants to cancel an order' },
  ],
  tech_agent: [{ kind: 'return', reason: 'Nothing is broken, the order is just not shipped yet' }],
  order_agent: [
    { kind: 'tool', name: 'get_order_status', arguments: { order_id: '67890' } },
    { kind: 'handoff', target: 'billing_agent', reason: 'The order is pending, its price can be refunded' },
    { kind: 'answer', text: 'Order #67890 is cancelled, and your refund of $149.99 is on its way.' },
  ],
  billing_agent: [
    { kind: 'tool', name: 'process_refund', arguments: { order_id: '67890', amount: 159.99 } },
    { kind: 'tool', name: 'process_refund', arguments: { order_id: '67890', amount: 149.99 } },
    { kind: 'handoff', target: 'order_agent', reason: 'Refunded, the order can be cancelled now' },
  ],
});

await baton.flush();
await baton.shutdown();
