import {
  ATTR_GEN_AI_AGENT_NAME,
  ATTR_HANDOFF_ID,
  ATTR_HANDOFF_SOURCE,
  ATTR_HANDOFF_TARGET,
  ATTR_LINK_TYPE,
  ATTR_RUN_ID,
} from '../attributes.ts';
import type { AgentNames } from './agent-names.ts';
import { readText } from './attribute-reader.ts';
import type { SessionClock } from './session-clock.ts';
import type { ReplayedHandoff } from './session-timeline.ts';
import { idOfSpan, type RecordedLink, type RecordedSpan, spanKey } from './span.ts';
import { spanRole } from './span-role.ts';
import type { SpanIndex } from './span-tree.ts';

/** An agent of a framework that took over, as `pipelineSpans({ handoffs: true })` links it to where it comes from. */
export interface FrameworkHandoff {
  /** The span that bears the link. */
  readonly span: RecordedSpan;
  /** Where the link leads: a tool call, or the agent before. */
  readonly origin: RecordedSpan | undefined;
  readonly link: RecordedLink;
}

/**
 * The link without which a framework's agent took over from nobody. A handoff of ours has an id, on the link and on the run;
 * these have none. Backends that lose the attributes of links still have source and target on the span.
 */
export function frameworkHandoff(span: RecordedSpan, index: SpanIndex): FrameworkHandoff | undefined {
  const { attributes, links } = span;
  if (links.length === 0 || ATTR_HANDOFF_ID in attributes || NEVER.has(spanRole(span))) return undefined;
  const isNamed = ATTR_HANDOFF_SOURCE in attributes || ATTR_HANDOFF_TARGET in attributes;
  const link = links.find((one) => {
    const type = readText(one.attributes, ATTR_LINK_TYPE);
    return type === 'handoff' ? !(ATTR_HANDOFF_ID in one.attributes) : type === undefined && isNamed;
  });
  const origin = link && index.get(spanKey(link));
  if (!link || (origin && spanRole(origin) === 'handoff')) return undefined;
  return { span, link, origin };
}

const NEVER: ReadonlySet<string> = new Set(['session', 'handoff', 'handoff-answer']);

/**
 * Told as one that was taken at once: frameworks record no request and no answer.
 *
 * @param run - the run that the agent is told as, if it is
 */
export function describeFrameworkHandoff(
  { span, link, origin }: FrameworkHandoff,
  run: RecordedSpan | undefined,
  names: AgentNames,
  clock: SessionClock,
): ReplayedHandoff {
  const said = (key: string) => readText(span.attributes, key) ?? readText(link.attributes, key);
  const source = names.named(said(ATTR_HANDOFF_SOURCE)) ?? (origin && names.of(origin));
  const target = said(ATTR_HANDOFF_TARGET) ?? readText(span.attributes, ATTR_GEN_AI_AGENT_NAME);
  const agent = (run && names.of(run)) ?? names.named(target);
  const { traceId, spanId, startUnixNano } = run ?? span;
  return {
    id: idOfSpan(span),
    traceId: span.traceId,
    spanId: span.spanId,
    source,
    target: agent,
    status: 'accepted',
    startUnixMs: clock.unixMs(startUnixNano),
    offsetMs: clock.offsetMs(startUnixNano),
    answers: [],
    receiver: {
      runId: (run && readText(run.attributes, ATTR_RUN_ID)) ?? idOfSpan({ traceId, spanId }),
      traceId,
      spanId,
      agent,
    },
  };
}
