import { ATTR_SESSION_ID } from '../../attributes.ts';
import { compareBigint } from '../span.ts';
import {
  Backend,
  type BackendSpans,
  digits,
  MAX_REASON,
  mapSome,
  RECENT,
  type RecentQuery,
  readAll,
  type SessionQuery,
  together,
  traceIdOf,
  withProblem,
} from './backend.ts';
import { excerpt } from './excerpt.ts';
import { readOtlpDocument } from './otlp-json.ts';
import { isObject, type JsonObject, objects, toAttributes } from './otlp-span.ts';

const USUAL = 'http://localhost:3200';
const SESSION = `span.${ATTR_SESSION_ID}`;

/**
 * A session from Tempo, whichever traces it spreads over.
 *
 * By default a search in Tempo does not see the newest 30 seconds (`query_frontend.query_end_cutoff`).
 *
 * @param url - where Tempo's API is: `http://localhost:3200`
 * @throws BackendError when Tempo cannot be asked
 *
 * @example
 * ```ts
 * const { spans } = await readFromTempo('http://localhost:3200', { sessionId: 'SUP-123' });
 * const timeline = buildTimelines(spans).find(({ id }) => id === 'SUP-123');
 * ```
 */
export async function readFromTempo(url: string, query: SessionQuery): Promise<BackendSpans> {
  return readSession(new Backend('Tempo', USUAL, url, query), query.sessionId);
}

/**
 * The newest sessions in Tempo, each of them whole.
 *
 * @throws BackendError when Tempo cannot be asked
 */
export async function readRecentFromTempo(url: string, query: RecentQuery = {}): Promise<BackendSpans> {
  const tempo = new Backend('Tempo', USUAL, url, query);
  const limit = query.limit ?? RECENT;
  const anySession = `{ ${SESSION} != nil } | by(${SESSION}) with (most_recent=true)`;
  const { found } = await readAll(
    (depth) => search(tempo, anySession, depth),
    (traces) => traces.length,
    (traces) => sessionsOf(traces).length >= limit,
  );
  const sessions = sessionsOf(found).slice(0, limit);
  return together(await mapSome(sessions, (id) => readSession(tempo, id)));
}

async function readSession(tempo: Backend, sessionId: string): Promise<BackendSpans> {
  const query = `{ ${SESSION} = ${quoted(sessionId)} }`;
  const { found, isCut } = await readAll(
    (depth) => search(tempo, query, depth),
    (traces) => traces.length,
  );
  const all = together(await mapSome(found, (trace) => readTrace(tempo, trace.traceID)));
  return isCut ? withProblem(all, `there may be more than these ${found.length} traces`) : all;
}

/** Traces as a search describes them: id, start, and the spans that match. */
async function search(tempo: Backend, query: string, limit: number): Promise<JsonObject[]> {
  const { from, to } = tempo.range();
  const answer = await tempo.object('/api/search', {
    q: query,
    limit: String(limit),
    spss: '1',
    // Without times, Tempo looks only at what it has not yet written into blocks.
    start: String(Math.floor(from / 1000)),
    end: String(Math.floor(to / 1000)),
  });
  return objects(answer.traces);
}

/** The ids of the sessions, that of the newest trace first. */
function sessionsOf(traces: readonly JsonObject[]): string[] {
  const newestFirst = [...traces].sort((one, other) => compareBigint(startOf(other), startOf(one)));
  const spans = newestFirst.flatMap(({ spanSets }) => objects(spanSets)).flatMap((set) => objects(set.spans));
  const ids = spans.map((span) => toAttributes(span.attributes)[ATTR_SESSION_ID]);
  return [...new Set(ids)].filter((id) => typeof id === 'string');
}

function startOf({ startTimeUnixNano }: JsonObject): bigint {
  return digits(startTimeUnixNano);
}

/** The search leaves out leading zeros of a trace id. */
async function readTrace(tempo: Backend, traceId: unknown): Promise<BackendSpans> {
  const id = traceIdOf(traceId);
  if (id === undefined) return { spans: [], problems: [`expected the id of a trace, got ${excerpt(traceId)}`] };
  const answer = await tempo.object(`/api/v2/traces/${id}`);
  if (!isObject(answer.trace) || !Array.isArray(answer.trace.resourceSpans ?? answer.trace.batches)) {
    return { spans: [], problems: [`trace ${id} is gone`] };
  }
  const { spans, problems } = readOtlpDocument(answer.trace);
  const read = { spans, problems: problems.map(({ message }) => message) };
  if (answer.status !== 'PARTIAL') return read;
  const why = typeof answer.message === 'string' ? answer.message.slice(0, MAX_REASON) : 'it does not say why';
  return withProblem(read, `Tempo gave only a part of trace ${id}: ${why}`);
}

/** A string of TraceQL: quotes and escapes are those of Go, as far as JSON has them. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
