import { type Context, context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  type ReadableSpan,
  type SpanExporter,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { agentServices, onlyPipelines, pipelineSpans } from '../../src/export.ts';
import { Baton } from '../../src/index.ts';

/** Something that an app may forget, once for each number. */
export type Forgetting = (number: number) => void;

const agent = 'app';

/** What an app may forget, and what it may have ever more of. */
export const KINDS: Readonly<Record<string, (baton: Baton) => Forgetting>> = {
  sessions: (baton) => () => baton.startSession({}),
  'sessions of one id': (baton) => () => baton.startSession({ id: 'the one' }),
  'per-run sessions': (baton) => () => baton.startSession({ trace: 'per-run' }),
  'sessions, each with a run and a tool call': (baton) => () =>
    baton.startSession({}).within(() => baton.startRun({ agent }).within(() => baton.startTool({ tool: 'search' }))),
  runs: (baton) => () => baton.startRun({ agent }),
  'runs whose promise never settles': (baton) => () => void baton.withRun({ agent }, () => new Promise(() => {})),
  'tool calls': (baton) => () => baton.startTool({ tool: 'search' }),
  'workflow steps': (baton) => () => baton.startWorkflowStep({ stepKey: 'one' }),
  'model calls': (baton) => () => baton.startLlmCall({ model: 'small' }),
  approvals: (baton) => () => baton.startApproval({ tool: 'refund' }),
  'runs in one session': (baton) => inSession(baton, () => baton.startRun({ agent })),
  'tool calls in one run': (baton) => inRun(baton, () => baton.startTool({ tool: 'search' })),
  'approvals in one run': (baton) => inRun(baton, () => baton.startApproval({ tool: 'refund' })),
  'runs in one per-run session': (baton) => {
    const session = baton.startSession({ trace: 'per-run' });
    return () => session.within(() => baton.startRun({ agent }));
  },
  'children by id of a run that is never ended': (baton) => {
    const { id } = baton.startRun({ agent });
    return () => baton.startChildRun({ agent, parentRunId: id });
  },
  'runs of sessions that live elsewhere': (baton) => (number) =>
    baton.startRun({ agent, sessionId: `elsewhere-${number}` }),
  'agents of one session': (baton) =>
    inSession(baton, (number) => baton.startRun({ agent: `agent of ticket ${number}` }).end()),
  'runs that each start inside the one before': (baton) => {
    let around: Context = ROOT_CONTEXT;
    return () => {
      const run = context.with(around, () => baton.startRun({ agent }));
      around = run.within(() => context.active());
      run.end();
    };
  },
  'sessions that each start inside the one before': (baton) => {
    let around: Context = ROOT_CONTEXT;
    return () => {
      const session = context.with(around, () => baton.startSession({ trace: 'per-run' }));
      around = session.within(() => baton.startRun({ agent }).within(() => context.active()));
      session.end();
    };
  },
  'sessions that the sampler drops': (baton) => {
    trace.disable();
    trace.setGlobalTracerProvider(new BasicTracerProvider({ sampler: new AlwaysOffSampler() }));
    return () => baton.startSession({});
  },
  'agents through agentServices': () => {
    const exporter = agentServices(nowhere);
    const [span] = recorded();
    return (number) => {
      const attributes = { ...span.attributes, 'baton.agent.key': `agent of ticket ${number}` };
      exporter.export([{ ...span, attributes }], () => {});
    };
  },
  'parents that never come through onlyPipelines': () => {
    const exporter = onlyPipelines(nowhere);
    const [span] = recorded();
    return (number) => {
      const spanId = number.toString(16).padStart(16, '0');
      exporter.export([{ ...span, parentSpanContext: { ...span.spanContext(), spanId } }], () => {});
    };
  },
  'agents of a framework through pipelineSpans': () => {
    const spanProcessors = [pipelineSpans({ handoffs: true }) as SpanProcessor];
    const tracer = new BasicTracerProvider({ spanProcessors }).getTracer('framework');
    return (number) => {
      const above = tracer.startSpan(`invoke_agent ${number}`, {}, ROOT_CONTEXT);
      const inside = trace.setSpan(ROOT_CONTEXT, above);
      tracer.startSpan('execute_tool transfer_to_billing', {}, inside).end();
      tracer.startSpan('invoke_agent billing', {}, inside);
    };
  },
  'unanswered handoffs of one run': (baton) => inRun(baton, () => baton.trackHandoffRequested({ target: 'nobody' }).id),
  'unanswered handoffs of per-run sessions': (baton) => () =>
    baton
      .startSession({ trace: 'per-run' })
      .within(() => baton.startRun({ agent }).within(() => baton.trackHandoffRequested({ target: 'nobody' }).id)),
};

const nothing: SpanProcessor = {
  onStart() {},
  onEnd() {},
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
};

const nowhere: SpanExporter = {
  export: (_spans, callback) => callback({ code: 0 }),
  shutdown: () => Promise.resolve(),
};

/** A client in an app that records. */
export function inAnApp(): Baton {
  trace.disable();
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [nothing] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  return new Baton({ agent });
}

function inSession(baton: Baton, forget: Forgetting): Forgetting {
  return inside(baton.startSession({}), forget);
}

function inRun(baton: Baton, forget: Forgetting): Forgetting {
  const session = baton.startSession({});
  return inside(
    session.within(() => baton.startRun({ agent })),
    forget,
  );
}

function inside(scope: { within<T>(fn: () => T): T }, forget: Forgetting): Forgetting {
  return (number) => scope.within(() => forget(number));
}

/** One span of a session, as an exporter gets it. */
function recorded(): [ReadableSpan] {
  const spans: ReadableSpan[] = [];
  const tracerProvider = new BasicTracerProvider({
    spanProcessors: [{ ...nothing, onEnd: (span) => void spans.push(span) }],
  });
  new Baton({ agent, tracerProvider }).startSession({}).end();
  const [span] = spans as [ReadableSpan];
  const { name, kind, startTime, endTime, status, attributes, links, events, duration, ended, resource } = span;
  const { instrumentationScope, droppedAttributesCount, droppedEventsCount, droppedLinksCount } = span;
  return [
    {
      ...{ name, kind, startTime, endTime, status, attributes, links, events, duration, ended, resource },
      ...{ instrumentationScope, droppedAttributesCount, droppedEventsCount, droppedLinksCount },
      spanContext: () => span.spanContext(),
    },
  ];
}
