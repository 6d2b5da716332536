import { ATTR_SESSION_ID } from '../../attributes.ts';
import { readText } from '../attribute-reader.ts';
import { compareBigint, type RecordedSpan } from '../span.ts';
import {
  type Answer,
  Backend,
  type BackendSpans,
  digits,
  mapSome,
  messageOf,
  RECENT,
  type RecentQuery,
  readAll,
  type SessionQuery,
  together,
  traceIdOf,
  withProblem,
} from './backend.ts';
import { readOtlpJson } from './otlp-json.ts';
import { objects } from './otlp-span.ts';

const USUAL = 'http://localhost:16686';
/** Jaeger's own, where none is given; one that is over the limit of the storage is an error. */
const DEFAULT_DEPTH = 100;
/** What our spans at the top of a session are called: Jaeger has no search for "any session". */
const OPENING = /^(invoke_workflow|session|invoke_agent) /;
/** What Jaeger itself writes on spans once somebody has looked at them. */
const JAEGERS_OWN = /^@jaeger@/;

/**
 * A session from Jaeger 2, whichever traces it spreads over.
 *
 * @param url - where Jaeger's UI is: `http://localhost:16686`
 * @throws BackendError when Jaeger cannot be asked
 *
 * @example
 * ```ts
 * const { spans } = await readFromJaeger('http://localhost:16686', { sessionId: 'SUP-123' });
 * const timeline = buildTimelines(spans).find(({ id }) => id === 'SUP-123');
 * ```
 */
export async function readFromJaeger(url: string, query: SessionQuery): Promise<BackendSpans> {
  return readSession(new Backend('Jaeger', USUAL, url, query), query.sessionId);
}

/**
 * The newest sessions in Jaeger, each of them whole.
 *
 * @throws BackendError when Jaeger cannot be asked
 */
export async function readRecentFromJaeger(url: string, query: RecentQuery = {}): Promise<BackendSpans> {
  const jaeger = new Backend('Jaeger', USUAL, url, query);
  const sessions = await recentSessions(jaeger, query.limit ?? RECENT);
  return together(await mapSome(sessions, (id) => readSession(jaeger, id)));
}

async function readSession(jaeger: Backend, sessionId: string): Promise<BackendSpans> {
  const attributes = JSON.stringify({ [ATTR_SESSION_ID]: sessionId });
  const query = { 'query.attributes': attributes, 'query.rawTraces': 'true' };
  const anywhere = await findTraces(jaeger, query);
  if (anywhere) return ofSession(anywhere, sessionId);
  const services = await servicesOf(jaeger);
  const found = await mapSome(services, (service) => findTraces(jaeger, { ...query, 'query.serviceName': service }));
  return ofSession(together(found.flatMap((each) => each ?? [])), sessionId);
}

/** `undefined` when a service must be named: some storages, Badger among them, search within one only. */
async function findTraces(jaeger: Backend, query: Readonly<Record<string, string>>): Promise<BackendSpans | undefined> {
  const path = '/api/v3/traces';
  const ask = async (depth: number): Promise<BackendSpans | undefined> => {
    const deep: Record<string, string> = depth > DEFAULT_DEPTH ? { 'query.searchDepth': String(depth) } : {};
    const answer = await jaeger.ask(path, { ...timesOf(jaeger), ...query, ...deep });
    if (answer.status >= 400 && /service.?name/i.test(answer.text) && !query['query.serviceName']) return undefined;
    return fromAnswer(jaeger, path, answer);
  };
  const { found, isCut } = await readAll(ask, (answer) => (answer ? countTraces(answer) : 0));
  return found && isCut ? withProblem(found, `there may be more than these ${countTraces(found)} traces`) : found;
}

/** Jaeger reads the traces of which one span matches; a version that knows no attributes gives all of the service. */
function ofSession({ spans, problems }: BackendSpans, sessionId: string): BackendSpans {
  const traces = new Set(
    spans.filter(({ attributes }) => readText(attributes, ATTR_SESSION_ID) === sessionId).map(({ traceId }) => traceId),
  );
  return { spans: spans.filter(({ traceId }) => traces.has(traceId)), problems };
}

/** The ids of the newest sessions, the newest first. */
async function recentSessions(jaeger: Backend, limit: number): Promise<string[]> {
  const services = await servicesOf(jaeger);
  const openings = (await mapSome(services, (service) => openingsOf(jaeger, service))).flat();
  const startOf = new Map<string, bigint>();
  // One after the other: for a summary Jaeger 2.20 sorts what its memory holds in place, and two at once can damage a trace.
  for (const opening of openings) {
    for (const { traceId, start } of await summariesOf(jaeger, opening)) startOf.set(traceId, start);
  }
  const newest = [...startOf].sort((one, other) => compareBigint(other[1], one[1])).map(([traceId]) => traceId);
  const sessions = new Set<string>();
  for (const traceId of newest) {
    if (sessions.size >= limit) break;
    const path = `/api/v3/traces/${traceId}`;
    const { spans } = fromAnswer(jaeger, path, await jaeger.ask(path, { rawTraces: 'true' }));
    for (const { attributes } of spans) {
      const id = readText(attributes, ATTR_SESSION_ID);
      if (id !== undefined) sessions.add(id);
    }
  }
  return [...sessions].slice(0, limit);
}

interface Opening {
  readonly service: string;
  readonly operation: string;
}

async function servicesOf(jaeger: Backend): Promise<string[]> {
  const answer = await jaeger.object('/api/v3/services');
  const list = Array.isArray(answer.services) ? answer.services : [];
  return list.filter((name) => typeof name === 'string');
}

async function openingsOf(jaeger: Backend, service: string): Promise<Opening[]> {
  const answer = await jaeger.object('/api/v3/operations', { service });
  const names = objects(answer.operations).flatMap(({ name }) => (typeof name === 'string' ? [name] : []));
  return [...new Set(names)].filter((name) => OPENING.test(name)).map((operation) => ({ service, operation }));
}

async function summariesOf(
  jaeger: Backend,
  { service, operation }: Opening,
): Promise<{ traceId: string; start: bigint }[]> {
  const query = { ...timesOf(jaeger), 'query.serviceName': service, 'query.operationName': operation };
  const answer = await jaeger.object('/api/v3/trace-summaries', query);
  return objects(answer.summaries).flatMap((summary) => {
    const traceId = traceIdOf(summary.traceId);
    return traceId === undefined ? [] : [{ traceId, start: digits(summary.minStartTimeUnixNano) }];
  });
}

function timesOf(jaeger: Backend): Record<string, string> {
  const { from, to } = jaeger.range();
  return {
    'query.startTimeMin': new Date(from).toISOString(),
    'query.startTimeMax': new Date(to).toISOString(),
  };
}

function fromAnswer(jaeger: Backend, path: string, answer: Answer): BackendSpans {
  // By 404 Jaeger says that it found nothing, whoever else listens there that there is no such path.
  if (answer.status === 404 && messageOf(answer.text) !== undefined) return { spans: [], problems: [] };
  if (answer.status !== 200) throw jaeger.refused(path, answer);
  if (!answer.text.startsWith('{')) throw jaeger.notUnderstood(path, answer);
  const { spans, problems } = readOtlpJson(answer.text);
  return { spans: spans.map(asSent), problems: problems.map(({ message }) => message) };
}

/** As it was before somebody looked at it in Jaeger's UI, which sorts events by name and notes its warnings. */
function asSent(span: RecordedSpan): RecordedSpan {
  const attributes = Object.entries(span.attributes).filter(([key]) => !JAEGERS_OWN.test(key));
  const events = [...span.events].sort((one, other) => compareBigint(one.timeUnixNano, other.timeUnixNano));
  return { ...span, attributes: Object.fromEntries(attributes), events };
}

function countTraces({ spans }: BackendSpans): number {
  return new Set(spans.map(({ traceId }) => traceId)).size;
}
