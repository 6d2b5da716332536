import { event, picksUp, Recording } from './recording.ts';

/** Customer service: a wrong transfer that comes back, one that is refused, a refund that times out, a human at the end. */
export function customerService(): Recording {
  const recording = new Recording('TICKET-4711');
  const session = recording.session([0, 5200], {
    'gen_ai.workflow.name': 'customer-service',
    'baton.session.kind': 'multi_agent',
    'baton.session.input_summary': 'My order #67890 has not shipped yet, can I cancel and refund?',
    'baton.session.output_summary': 'Cancelled; a colleague will call about the refund.',
    'baton.environment': 'production',
  });
  const reception = recording.run(session, 'Receptionist', [1, 5100], {
    attributes: { 'baton.run.role': 'supervisor' },
  });
  recording.model(reception, 'gpt-4.1-mini', [10, 640], {
    attributes: {
      'gen_ai.usage.input_tokens': 1812,
      'gen_ai.usage.output_tokens': 46,
      'baton.usage.cost.usd': 0.0004,
      'gen_ai.response.finish_reasons': ['tool_calls'],
    },
  });

  const toTech = recording.handoff(reception, 'tech', [650, 700], {
    attributes: { 'baton.handoff.reason': 'API problem?', 'baton.handoff.mode': 'pass_control' },
  });
  recording.answer(toTech, 'accepted', 'tech', 700);
  recording.run(reception, 'Tech', [690, 1400], {
    ...picksUp(toTech),
    events: [
      event('baton.handoff.returned', 1390, {
        'baton.handoff.id': toTech.attributes['baton.handoff.id'],
        'baton.handoff.reason': 'not a technical issue',
      }),
    ],
  });

  const toOrder = recording.handoff(reception, 'order', [1500, 1900]);
  recording.answer(toOrder, 'rejected', 'order', 1900, { attributes: { 'baton.handoff.reason': 'out of hours' } });

  const toBilling = recording.handoff(reception, 'billing', [2000, 2040], {
    attributes: {
      'baton.handoff.reason': 'The customer asks for a refund',
      'baton.handoff.payload_summary': '{"orderId":"67890","amount":149.99}',
      'baton.handoff.mode': 'pass_control',
    },
  });
  recording.answer(toBilling, 'accepted', 'billing', 2040);
  const billing = recording.run(reception, 'Billing', [2035, 5000], {
    ...picksUp(toBilling),
    events: [
      event('exception', 2300, { 'exception.type': 'RateLimitError', 'exception.message': 'slow down' }),
      event('order.checked', 2200, { 'baton.metadata.orderId': '67890', 'baton.metadata.status': 'pending' }),
    ],
  });
  recording.tool(billing, 'get_order_status', [2100, 2160], {
    attributes: {
      'baton.tool.risk_level': 'low',
      'baton.action.type': 'read',
      'baton.resource.type': 'database_record',
      'baton.resource.id': '67890',
    },
  });
  const refund = recording.tool(billing, 'process_refund', [2400, 4800], {
    attributes: {
      'baton.tool.risk_level': 'high',
      'baton.action.type': 'execute',
      'baton.action.name': 'refund.create',
      'error.type': 'TimeoutError',
    },
    error: 'upstream did not answer within 2,000 ms',
  });
  recording.add('POST', 'client', refund, [2410, 4790], { attributes: { 'session.id': undefined } });
  recording.handoff(billing, 'refund-desk', [4850, 5000], {
    attributes: { 'baton.handoff.target_kind': 'human', 'baton.handoff.reason': 'Refund did not go through' },
  });
  return recording;
}

/** Research: three workers at once, one of them fails and takes the whole session with it. */
export function fanOut(): Recording {
  const recording = new Recording('RESEARCH-7', 'c'.repeat(32));
  const failed = { error: 'no answer', attributes: { 'error.type': 'TimeoutError' } };
  const session = recording.session([0, 900], { 'baton.session.status': 'failed', ...failed.attributes }, failed);
  const lead = recording.run(session, 'Lead', [1, 890], {
    error: failed.error,
    attributes: { ...failed.attributes, 'baton.run.status': 'failed' },
  });
  for (const [index, name] of ['Alpha', 'Beta', 'Gamma'].entries()) {
    const handoff = recording.handoff(lead, name.toLowerCase(), [10 + index, 30 + index]);
    recording.answer(handoff, 'accepted', name.toLowerCase(), 30 + index);
    const worker = recording.run(lead, name, [20 + index, 300 + index * 100], picksUp(handoff));
    const step = recording.step(worker, 'gather', [40, 200], {
      attributes: { 'baton.step.name': 'Gather sources', 'baton.step.index': index + 1 },
    });
    recording.tool(step, 'search', [50, 190], index === 1 ? failed : {});
  }
  return recording;
}
