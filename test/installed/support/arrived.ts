import type { Receiver } from '../../../src/cli/demo/receiver.ts';
import { type RecordedSpan, readOtlpJson } from '../../../src/replay.ts';

/** The pipeline of `programs/pipeline.cjs` as it must arrive, whatever carries it. `[…]` is the service. */
export const PIPELINE_TREE: string = `
invoke_workflow pipeline [shop]
  invoke_agent Support Ops Orchestrator [support-ops-orchestrator]
    run_step triage-ticket [support-ops-orchestrator]
    handoff response-worker [support-ops-orchestrator]
      accept_handoff support-ops-orchestrator [response-worker]
    invoke_agent response-worker [response-worker] -> handoff response-worker
      execute_tool support.compose_reply [response-worker]
`.trim();

/** Begins to watch a receiver; the answer reads what came since. */
export function watch(receiver: Receiver): () => readonly RecordedSpan[] {
  const before = receiver.bodies.length;
  return () => readOtlpJson(receiver.bodies.slice(before).join('\n')).spans;
}

/** The spans as a tree in order of their start: name, service, and where their links go. */
export function serviceTree(spans: readonly RecordedSpan[]): string {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const lines: string[] = [];
  const print = (span: RecordedSpan, depth: number): void => {
    const links = span.links.map(({ spanId }) => ` -> ${byId.get(spanId)?.name ?? 'nowhere'}`).join('');
    lines.push(`${'  '.repeat(depth)}${span.name} [${span.resource['service.name']}]${links}`);
    const children = inOrder(spans.filter(({ parentSpanId }) => parentSpanId === span.spanId));
    for (const child of children) print(child, depth + 1);
  };
  for (const root of inOrder(spans.filter(({ parentSpanId }) => !byId.has(parentSpanId ?? '')))) print(root, 0);
  return lines.join('\n');
}

function inOrder(spans: readonly RecordedSpan[]): RecordedSpan[] {
  return [...spans].sort((a, b) => Number(a.startUnixNano - b.startUnixNano));
}
