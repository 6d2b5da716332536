import { randomUUID } from 'node:crypto';
import { context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { composeReply, triageTicket } from './work.ts';

const ORCHESTRATOR = 'support-ops-orchestrator';
const WORKER = 'response-worker';

const tracer = trace.getTracer('support-ops');

/** The same seven spans as `inBaton`, as a careful developer writes them on OpenTelemetry's API. */
export function byHand(): Promise<void> {
  const sessionId = randomUUID();
  return tracer.startActiveSpan(
    'invoke_workflow pipeline',
    {
      attributes: {
        'session.id': sessionId,
        'gen_ai.operation.name': 'invoke_workflow',
        'gen_ai.workflow.name': 'pipeline',
        'baton.session.kind': 'pipeline',
        'baton.session.input_summary': 'Handle urgent enterprise support escalation',
        'baton.metadata.triggerKind': 'support_escalation',
      },
    },
    async (session) => {
      let status = 'completed';
      try {
        await orchestrate(sessionId);
      } catch (error) {
        status = 'failed';
        recordFailure(session, error);
        throw error;
      } finally {
        session.setAttributes({
          'baton.session.status': status,
          'baton.handoff.count': 1,
          'baton.handoff.path': [ORCHESTRATOR, WORKER],
          'baton.agents': [ORCHESTRATOR, WORKER],
        });
        session.end();
      }
    },
  );
}

function orchestrate(sessionId: string): Promise<void> {
  return tracer.startActiveSpan(
    'invoke_agent Support Ops Orchestrator',
    {
      attributes: {
        'session.id': sessionId,
        'gen_ai.operation.name': 'invoke_agent',
        'gen_ai.agent.id': ORCHESTRATOR,
        'gen_ai.agent.name': 'Support Ops Orchestrator',
        'baton.agent.key': ORCHESTRATOR,
        'baton.step.key': 'orchestrator',
        'baton.step.name': 'Orchestrator',
        'baton.step.index': 0,
      },
    },
    async (run) => {
      let status = 'completed';
      let handoff: OpenHandoff | undefined;
      const runId = placeOf(run);
      run.setAttribute('baton.run.id', runId);
      try {
        await triage(sessionId, runId);
        handoff = requestHandoff(sessionId, runId);
        await respond(sessionId, runId, handoff);
      } catch (error) {
        status = 'failed';
        recordFailure(run, error);
        throw error;
      } finally {
        // Nobody took over.
        if (handoff?.span.isRecording()) handoff.span.end();
        run.setAttribute('baton.run.status', status);
        run.end();
      }
    },
  );
}

function triage(sessionId: string, runId: string): Promise<void> {
  return tracer.startActiveSpan(
    'run_step triage-ticket',
    {
      attributes: {
        'session.id': sessionId,
        'baton.run.id': runId,
        'baton.agent.key': ORCHESTRATOR,
        'baton.step.key': 'triage-ticket',
        'baton.step.name': 'Triage ticket',
        'baton.step.index': 1,
      },
    },
    async (step) => {
      try {
        triageTicket();
      } catch (error) {
        recordFailure(step, error);
        throw error;
      } finally {
        step.end();
      }
    },
  );
}

interface OpenHandoff {
  readonly span: Span;
  readonly id: string;
  readonly requestedAt: number;
}

function requestHandoff(sessionId: string, runId: string): OpenHandoff {
  const span = tracer.startSpan('handoff response-worker', {
    kind: SpanKind.PRODUCER,
    attributes: {
      'session.id': sessionId,
      'baton.run.id': runId,
      'baton.agent.key': ORCHESTRATOR,
      'baton.handoff.source': ORCHESTRATOR,
      'baton.handoff.target': WORKER,
      'baton.handoff.mode': 'return_to_caller',
      'baton.handoff.reason': 'Delegate customer response draft',
      'baton.handoff.payload_summary': JSON.stringify({ ticketId: 'SUP-123', priority: 'urgent' }),
    },
  });
  const id = placeOf(span);
  span.setAttribute('baton.handoff.id', id);
  return { span, id, requestedAt: Date.now() };
}

function respond(sessionId: string, parentId: string, handoff: OpenHandoff): Promise<void> {
  return tracer.startActiveSpan(
    'invoke_agent Response worker',
    {
      attributes: {
        'session.id': sessionId,
        'gen_ai.operation.name': 'invoke_agent',
        'gen_ai.agent.id': WORKER,
        'gen_ai.agent.name': 'Response worker',
        'baton.agent.key': WORKER,
        'baton.step.key': 'response-worker',
        'baton.step.name': 'Response worker',
        'baton.step.index': 2,
        'baton.run.role': 'worker',
        'baton.run.parent_id': parentId,
        'baton.handoff.id': handoff.id,
        'baton.handoff.source': ORCHESTRATOR,
        'baton.handoff.target': WORKER,
      },
      links: [
        {
          context: handoff.span.spanContext(),
          attributes: {
            'baton.link.type': 'handoff',
            'baton.handoff.id': handoff.id,
            'baton.handoff.source': ORCHESTRATOR,
            'baton.handoff.target': WORKER,
          },
        },
      ],
    },
    async (run) => {
      let status = 'completed';
      const runId = placeOf(run);
      run.setAttribute('baton.run.id', runId);
      try {
        acceptHandoff(sessionId, runId, handoff);
        run.addEvent('baton.handoff.accepted', { 'baton.handoff.id': handoff.id });
        run.setAttribute('baton.handoff.status', 'accepted');
        await callTool(sessionId, runId);
      } catch (error) {
        status = 'failed';
        recordFailure(run, error);
        throw error;
      } finally {
        run.setAttribute('baton.run.status', status);
        run.end();
      }
    },
  );
}

function acceptHandoff(sessionId: string, runId: string, handoff: OpenHandoff): void {
  const acceptance = tracer.startSpan(
    'accept_handoff support-ops-orchestrator',
    {
      kind: SpanKind.CONSUMER,
      attributes: {
        'session.id': sessionId,
        'baton.run.id': runId,
        'baton.agent.key': WORKER,
        'baton.handoff.id': handoff.id,
        'baton.handoff.source': ORCHESTRATOR,
        'baton.handoff.target': WORKER,
        'baton.handoff.status': 'accepted',
        'baton.handoff.wait_ms': Date.now() - handoff.requestedAt,
      },
    },
    trace.setSpan(context.active(), handoff.span),
  );
  acceptance.end();
  handoff.span.setAttribute('baton.handoff.status', 'accepted');
  handoff.span.end();
}

function callTool(sessionId: string, runId: string): Promise<void> {
  return tracer.startActiveSpan(
    'execute_tool support.compose_reply',
    {
      attributes: {
        'session.id': sessionId,
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': 'support.compose_reply',
        'baton.run.id': runId,
        'baton.agent.key': WORKER,
        'baton.tool.risk_level': 'low',
        'baton.action.type': 'write',
        'baton.action.name': 'support.compose_reply',
        'baton.resource.type': 'work_item',
        'baton.resource.id': 'SUP-123',
      },
    },
    async (call) => {
      try {
        composeReply();
      } catch (error) {
        recordFailure(call, error);
        throw error;
      } finally {
        call.end();
      }
    },
  );
}

/** A span's W3C `traceparent`. */
function placeOf(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-0${traceFlags.toString(16)}`;
}

function recordFailure(span: Span, error: unknown): void {
  const failure = error instanceof Error ? error : new Error(String(error));
  span.recordException(failure);
  span.setAttribute('error.type', failure.name);
  span.setStatus({ code: SpanStatusCode.ERROR, message: failure.message });
}
