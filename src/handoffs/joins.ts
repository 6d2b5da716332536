import type { Link } from '@opentelemetry/api';
import { ATTR_LINK_TYPE } from '../attributes.ts';
import { parseTraceparent } from '../context/traceparent.ts';
import { describe } from '../errors.ts';
import { hasEnded, openRuns } from '../sessions/runs.ts';
import { linkTo, type Recorder } from '../tracing/recorder.ts';
import { elsewhereById } from './elsewhere.ts';
import { handoffById } from './known-handoffs.ts';

/** Links to the work that is joined here. A handoff's id links to the run that took it, where that is known. */
export function joinsOf(recorder: Recorder, ids: readonly string[] | undefined): Link[] | undefined {
  if (ids === undefined || ids === null) return undefined;
  const links: Link[] = [];
  for (const id of Array.isArray(ids) ? ids : [ids]) {
    const runId = (handoffById(id)?.current ?? elsewhereById(id))?.runId ?? id;
    const spanContext = parseTraceparent(runId);
    if (!spanContext) {
      recorder.diagnostics.misuse('unknown_run', `joins: expected ids of runs or handoffs, got ${describe(id)}`);
      continue;
    }
    if (openRuns.has(runId) || hasEnded(runId)) spanContext.isRemote = false;
    links.push(linkTo(spanContext, { [ATTR_LINK_TYPE]: 'join' }));
  }
  return links.length > 0 ? links : undefined;
}
