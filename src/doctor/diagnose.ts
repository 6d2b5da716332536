import type { TracerProvider } from '@opentelemetry/api';
import { originOf } from '../address.ts';
import { messageOf } from '../diagnostics.ts';
import { environment } from '../env.ts';
import { withTimeLimit } from '../time-limit.ts';
import { judgeDeliveries } from './deliveries.ts';
import { checkEndpoint } from './endpoint.ts';
import { type Diagnosis, type Finding, good, problem, toDiagnosis, warning } from './finding.ts';
import { partsOf } from './provider-parts.ts';
import { checkApiCopies, checkContextManager, checkProvider } from './set-up.ts';
import { type Client, runTestPipelines, type TestRun } from './test-pipeline.ts';
import { type Delivery, watchExports } from './watch-exports.ts';

export interface DiagnoseOptions {
  /** The whole address of an OTLP/HTTP endpoint to ask as well, e.g. `http://localhost:4318/v1/traces`. */
  readonly endpoint?: string | undefined;
  /**
   * How long to wait for the flush, and for each endpoint, in milliseconds.
   * @defaultValue `10000`
   */
  readonly timeoutMs?: number | undefined;
}

/** A client, and what only it knows of itself. */
export interface Patient {
  readonly client: Client;
  readonly enabled: boolean;
  readonly provider: TracerProvider | undefined;
  /** How many scopes were not recorded, because nobody was registered. */
  readonly missed: number;
  readonly warnings: Readonly<Record<string, number>>;
}

const TIMEOUT_MS = 10_000;
/** Where OTLP/HTTP goes when nobody says otherwise. */
const USUAL_ORIGIN = 'http://localhost:4318';

/** Looks at the set-up, sends one test pipeline and tells in plain words what came back. Never rejects. */
export async function diagnose(patient: Patient, options?: DiagnoseOptions | null): Promise<Diagnosis> {
  try {
    return await examine(patient, options?.endpoint ?? undefined, timeoutOf(options?.timeoutMs));
  } catch (error) {
    return toDiagnosis([problem('baton', `the doctor failed: ${messageOf(error)}`, 'report it, with this text')]);
  }
}

function timeoutOf(given: unknown): number {
  return typeof given === 'number' && given > 0 ? given : TIMEOUT_MS;
}

async function examine(patient: Patient, endpoint: unknown, timeoutMs: number): Promise<Diagnosis> {
  const { client, enabled, provider, missed, warnings } = patient;
  if (!enabled) {
    const message = 'Baton is off: nothing is recorded';
    return toDiagnosis([
      problem('baton', message, 'see mode and enabled; BATON_MODE, BATON_ENABLED, OTEL_SDK_DISABLED'),
    ]);
  }
  const findings: Finding[] = [...checkApiCopies(), ...checkProvider(provider, missed), await checkContextManager()];
  const given = endpoint === undefined ? [] : [String(endpoint)];
  if (!provider) {
    for (const url of given) findings.push(...(await checkEndpoint(url, headersFor(url, given), timeoutMs, false)));
    return toDiagnosis(findings);
  }
  const parts = partsOf(provider);
  // Two that look at the same time are not to hear each other.
  const id = `baton-doctor-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;
  const watch = watchExports(parts.exporters, (session) => session.startsWith(id));
  let sent: TestRun;
  let flushed: Finding[];
  try {
    sent = runTestPipelines(client, id);
    flushed = await flush(provider, timeoutMs);
  } finally {
    watch.stop();
  }
  const { tries, sessionId } = sent;
  findings.push(judgeSampling(tries, sessionId, parts.sampler));
  if (sessionId !== undefined) {
    const judged = judgeDeliveries(parts, watch.deliveries, sessionId);
    findings.push(...judged);
    // An exporter that failed says more than the flush that it failed.
    if (!judged.some(({ level }) => level === 'problem')) findings.push(...flushed);
  }
  for (const url of new Set([...given, ...parts.exporters.flatMap(({ urls }) => urls)])) {
    findings.push(
      ...(await checkEndpoint(url, headersFor(url, given), timeoutMs, hasDelivered(watch.deliveries, url))),
    );
  }
  const counts = Object.entries(warnings).map(([code, count]) => `${code} ${count}`);
  if (counts.length > 0) {
    const fix = 'they are in the diag logger and in onWarning; strict: true makes them errors';
    findings.push(warning('warnings', `Baton has warned before: ${counts.join(', ')}`, fix));
  }
  return toDiagnosis(findings, sessionId);
}

function judgeSampling(tries: number, sessionId: string | undefined, sampler: string | undefined): Finding {
  const who =
    sampler === undefined
      ? 'the sampler'
      : `the sampler ${sampler.split(',')[0]}${sampler.includes(',') ? ', …}' : ''}`;
  if (sessionId === undefined) {
    return problem(
      'sampling',
      `${who} dropped all of ${tries} test sessions`,
      /sentry/i.test(who)
        ? 'Sentry without tracesSampleRate drops every span: set it, or give Sentry no provider of its own'
        : 'see OTEL_TRACES_SAMPLER, or the sampler of the provider',
    );
  }
  return tries === 1
    ? good('sampling', `${who} keeps the test session`)
    : warning('sampling', `${who} kept the first test session at attempt ${tries}: most sessions are dropped`);
}

function hasDelivered(deliveries: readonly Delivery[], url: string): boolean {
  return deliveries.some(
    (one) => one.part.urls.includes(url) && one.got.size > 0 && one.pending === 0 && one.error === undefined,
  );
}

async function flush(provider: TracerProvider, timeoutMs: number): Promise<Finding[]> {
  const { forceFlush } = provider as { forceFlush?: () => Promise<void> };
  if (typeof forceFlush !== 'function') return [];
  const message = `the provider did not flush within ${timeoutMs} ms`;
  const late = [problem('flush', message, 'is the collector slow, or not reachable?')];
  try {
    return await withTimeLimit(
      Promise.resolve(forceFlush.call(provider)).then(() => []),
      timeoutMs,
      late,
    );
  } catch (error) {
    const first = Array.isArray(error) ? error[0] : error;
    return [problem('flush', `the provider could not flush: ${messageOf(first)}`)];
  }
}

/**
 * The headers of the standard variables, for the endpoint that they are meant for: that of the standard variables, else the one
 * that was given to ask. An exporter may send its spans elsewhere; what it needs there, it knows by itself.
 */
function headersFor(url: string, given: readonly string[]): Record<string, string> {
  const env = environment();
  const endpoint = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT;
  const isMeant = endpoint
    ? originOf(endpoint) === originOf(url)
    : given.includes(url) || originOf(url) === USUAL_ORIGIN;
  if (!isMeant) return {};
  const pairs = `${env.OTEL_EXPORTER_OTLP_HEADERS ?? ''},${env.OTEL_EXPORTER_OTLP_TRACES_HEADERS ?? ''}`.split(',');
  const headers: Record<string, string> = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at <= 0) continue;
    const [name, value] = [decode(pair.slice(0, at)), decode(pair.slice(at + 1))];
    // What HTTP cannot send, `fetch` would repeat in its error.
    if (/^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\x20-\x7e\x80-\xff]*$/.test(value)) headers[name] = value;
  }
  return headers;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.trim());
  } catch {
    return text.trim();
  }
}
