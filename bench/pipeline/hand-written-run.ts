import { randomUUID } from 'node:crypto';
import { context, SpanStatusCode, trace } from '@opentelemetry/api';

const tracer = trace.getTracer('clerks');

export interface SessionByHand {
  readonly id: string;
  within<T>(fn: () => T): T;
  /** Within it, and ends it after that. */
  around(fn: () => Promise<void>): Promise<void>;
}

/** A session of `runByHand`, the same as a careful developer writes it on OpenTelemetry's API. */
export function sessionByHand(agent: string): SessionByHand {
  const id = randomUUID();
  const span = tracer.startSpan('invoke_workflow', {
    attributes: { 'session.id': id, 'gen_ai.operation.name': 'invoke_workflow' },
  });
  const inside = trace.setSpan(context.active(), span);
  const within = <T>(fn: () => T): T => context.with(inside, fn);
  return {
    id,
    within,
    async around(fn) {
      let status = 'completed';
      try {
        await within(fn);
      } catch (error) {
        status = 'failed';
        throw error;
      } finally {
        span.setAttributes({
          'baton.session.status': status,
          'baton.handoff.count': 0,
          'baton.handoff.path': [agent],
          'baton.agents': [agent],
        });
        span.end();
      }
    },
  };
}

/** The same span as `withRun` makes. */
export function runByHand(
  agent: string,
  sessionId: string,
  parentId: string | undefined,
  work: (id: string) => Promise<void>,
): Promise<void> {
  return tracer.startActiveSpan(
    `invoke_agent ${agent}`,
    {
      attributes: {
        'session.id': sessionId,
        'gen_ai.operation.name': 'invoke_agent',
        'gen_ai.agent.id': agent,
        'gen_ai.agent.name': agent,
        'baton.agent.key': agent,
        ...(parentId === undefined ? {} : { 'baton.run.parent_id': parentId }),
      },
    },
    async (run) => {
      const { traceId, spanId, traceFlags } = run.spanContext();
      const id = `00-${traceId}-${spanId}-0${traceFlags.toString(16)}`;
      run.setAttribute('baton.run.id', id);
      let status = 'completed';
      try {
        await work(id);
      } catch (error) {
        status = 'failed';
        const failure = error instanceof Error ? error : new Error(String(error));
        run.recordException(failure);
        run.setStatus({ code: SpanStatusCode.ERROR, message: failure.message });
        throw error;
      } finally {
        run.setAttribute('baton.run.status', status);
        run.end();
      }
    },
  );
}
