import { context, trace } from '@opentelemetry/api';
import { composeReply, triageTicket } from './work.ts';

const tracer = trace.getTracer('support-ops');

/**
 * The same seven spans as `inBaton`, and nothing but them: no attribute, no event, no link. The least that an app with
 * tracing in it costs while nobody has registered an SDK.
 */
export function onBareApi(): Promise<void> {
  return tracer.startActiveSpan('invoke_workflow', async (session) => {
    try {
      await tracer.startActiveSpan('invoke_agent', async (orchestratorRun) => {
        try {
          await tracer.startActiveSpan('run_step', async (step) => {
            try {
              triageTicket();
            } finally {
              step.end();
            }
          });
          const handoff = tracer.startSpan('handoff');
          await tracer.startActiveSpan('invoke_agent', async (workerRun) => {
            try {
              tracer.startSpan('accept_handoff', {}, trace.setSpan(context.active(), handoff)).end();
              handoff.end();
              await tracer.startActiveSpan('execute_tool', async (call) => {
                try {
                  composeReply();
                } finally {
                  call.end();
                }
              });
            } finally {
              workerRun.end();
            }
          });
        } finally {
          orchestratorRun.end();
        }
      });
    } finally {
      session.end();
    }
  });
}
