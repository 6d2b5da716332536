import { type RecordedSpan, readOtlpJson } from '../../../src/replay.ts';
import type { Receiver } from '../../support/otlp-receiver.ts';

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

/** The ten lines of the README as they must arrive. */
export const TEN_LINES_TREE: string = `
invoke_workflow pipeline [shop]
  invoke_agent Triage [triage]
    handoff billing [triage]
      accept_handoff triage [billing]
    invoke_agent billing [billing] -> handoff billing
      execute_tool issue_refund [billing]
`.trim();

/** Begins to watch a receiver; the answer reads what came since. */
export function watch(receiver: Receiver): () => readonly RecordedSpan[] {
  const before = receiver.bodies.length;
  return () => readOtlpJson(receiver.bodies.slice(before).join('\n')).spans;
}

/** The spans as a tree in order of their start: name, service, and where their links go. */
export function serviceTree(spans: readonly RecordedSpan[]): string {
  return tree(spans, ({ name, resource, links }, nameOf) => {
    const targets = links.map(({ spanId }) => ` -> ${nameOf(spanId)}`);
    return `${name} [${resource['service.name']}]${targets.join('')}`;
  });
}

/** The spans as a tree in order of their start: name, and what each link says of the handoff that it stands for. */
export function handoffTree(spans: readonly RecordedSpan[]): string {
  return tree(spans, ({ name, links, attributes }, nameOf) => {
    const handoffs = links.map((link) => {
      const {
        'baton.link.type': type,
        'baton.handoff.source': source,
        'baton.handoff.target': target,
      } = link.attributes;
      const onSpan = [attributes['baton.handoff.source'], attributes['baton.handoff.target']];
      const said = onSpan[0] === source && onSpan[1] === target ? `${source} → ${target}` : 'span and link differ';
      return ` --${type}--> ${nameOf(link.spanId)} (${said})`;
    });
    return name + handoffs.join('');
  });
}

/** A line for each span, below its parent. */
function tree(
  spans: readonly RecordedSpan[],
  lineOf: (span: RecordedSpan, nameOf: (spanId: string) => string) => string,
): string {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const lines: string[] = [];
  const print = (span: RecordedSpan, depth: number): void => {
    lines.push('  '.repeat(depth) + lineOf(span, (spanId) => byId.get(spanId)?.name ?? 'nowhere'));
    const children = inOrder(spans.filter(({ parentSpanId }) => parentSpanId === span.spanId));
    for (const child of children) print(child, depth + 1);
  };
  for (const root of inOrder(spans.filter(({ parentSpanId }) => !byId.has(parentSpanId ?? '')))) print(root, 0);
  return lines.join('\n');
}

function inOrder(spans: readonly RecordedSpan[]): RecordedSpan[] {
  return [...spans].sort((a, b) => Number(a.startUnixNano - b.startUnixNano));
}
