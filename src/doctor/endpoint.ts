import { context as contextApi, ROOT_CONTEXT } from '@opentelemetry/api';
import { ask, redirectOf, shownAddress, withCredentials } from '../address.ts';
import { suppressed } from '../context/suppress.ts';
import { messageOf } from '../diagnostics.ts';
import { timeoutSignal } from '../time-limit.ts';
import { type Finding, good, problem, repeated, warning } from './finding.ts';

const TRACES = '/v1/traces';
const MAX_SKEW_MS = 5_000;
const MAX_QUOTED = 200;
const MAX_READ = 10_000;

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly date: number;
  readonly tookMs: number;
  /** Where it sends whoever asks. */
  readonly redirect: string | undefined;
}

/**
 * Sends an empty request of OTLP/HTTP and tells what the answer means. Where the exporter itself has delivered, it knows
 * better (a header that only it has, protobuf), and a refusal is not told.
 */
export async function checkEndpoint(
  url: string,
  headers: Readonly<Record<string, string>>,
  timeoutMs: number,
  hasDelivered: boolean,
): Promise<Finding[]> {
  if (typeof fetch !== 'function') return [];
  const shown = shownAddress(url);
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    const message = `expected the address of an OTLP/HTTP endpoint, such as http://localhost:4318${TRACES}, got "${shown}"`;
    return [problem('endpoint', message)];
  }
  let answer: Answer;
  try {
    answer = await post(url, headers, timeoutMs);
  } catch (error) {
    return [unreachable(url, shown, error)];
  }
  if (hasDelivered && answer.status >= 300) return clock(shown, answer);
  return [await judged(url, shown, answer, headers, timeoutMs), ...clock(shown, answer)];
}

async function judged(
  url: string,
  shown: string,
  { status, type, text, tookMs, redirect }: Answer,
  headers: Readonly<Record<string, string>>,
  timeoutMs: number,
): Promise<Finding> {
  if (redirect !== undefined) {
    return problem(
      'endpoint',
      `${shown} redirects to ${shownAddress(redirect)} (${status}), and exporters follow no redirect`,
      'name the address itself, if you trust it',
    );
  }
  if (type.includes('text/html') && status < 400) {
    return problem(
      'endpoint',
      `${shown} answers with a web page: that is not OTLP/HTTP`,
      'the port of a UI? Collectors, Jaeger and Tempo take OTLP/HTTP on 4318',
    );
  }
  if (status < 300) return good('endpoint', `${shown} takes OTLP/HTTP (${status}, ${tookMs} ms)`);
  if ((status === 404 || status === 405) && !new URL(url).pathname.endsWith(TRACES)) {
    const right = withPath(url);
    const there = await post(right, headers, timeoutMs).catch(() => undefined);
    if (there && there.status < 300) {
      return problem(
        'endpoint',
        `${shown} answers ${status}: the path ${TRACES} is missing`,
        `use ${shownAddress(right)} as the exporter's url or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, or ${shown} as OTEL_EXPORTER_OTLP_ENDPOINT, which appends the path`,
      );
    }
  }
  if (status === 401 || status === 403) {
    return problem(
      'endpoint',
      `${shown} refuses the credentials (${status})`,
      'check OTEL_EXPORTER_OTLP_HEADERS, or the headers of the exporter',
    );
  }
  if (status === 415) {
    return warning(
      'endpoint',
      `${shown} takes no JSON (415)`,
      'export protobuf: OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
    );
  }
  if (status === 429 || status >= 500) {
    return problem(
      'endpoint',
      `${shown} is there and cannot take spans now (${status})${quoted(text)}`,
      'look at the log of the collector',
    );
  }
  return problem(
    'endpoint',
    `${shown} answers ${status}${quoted(text)}`,
    `expected an OTLP/HTTP endpoint, such as http://localhost:4318${TRACES}`,
  );
}

async function post(url: string, headers: Readonly<Record<string, string>>, timeoutMs: number): Promise<Answer> {
  const started = Date.now();
  // Instrumented or not: no span for this one.
  const address = withCredentials(url);
  const response = await contextApi.with(suppressed(ROOT_CONTEXT), () =>
    ask(address.url, {
      method: 'POST',
      headers: { ...address.headers, ...headers, 'content-type': 'application/json' },
      body: '{"resourceSpans":[]}',
      signal: timeoutSignal(timeoutMs),
    }),
  );
  const text = await beginningOf(response);
  return {
    status: response.status,
    type: response.headers.get('content-type') ?? '',
    text,
    date: Date.parse(response.headers.get('date') ?? ''),
    tookMs: Date.now() - started,
    redirect: redirectOf(response, address.url),
  };
}

/** What is quoted of it needs no more; a stranger may send for ever. */
async function beginningOf(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  while (reader && text.length < MAX_READ) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += decoder.decode(value, { stream: true });
  }
  await reader?.cancel();
  return text.slice(0, MAX_READ);
}

/** The path goes before the query. */
function withPath(url: string): string {
  const right = new URL(url);
  right.pathname = `${right.pathname.replace(/\/+$/, '')}${TRACES}`;
  return right.href;
}

const REASONS: readonly (readonly [RegExp, string, string])[] = [
  [/ECONNREFUSED|refused/i, 'nobody listens there', 'start the collector, or correct the endpoint'],
  [
    /ENOTFOUND|EAI_AGAIN|getaddrinfo|dns/i,
    'there is no such host',
    'correct the endpoint; in a container, localhost is the container itself',
  ],
  [/timeout|timed out|ETIMEDOUT/i, 'no answer in time', 'a firewall in between, or the wrong port?'],
  [
    /certificate|SSL|TLS|EPROTO/i,
    'no secure connection',
    'is it http:// instead of https://, or a certificate that is not trusted here?',
  ],
  [
    /HTTPParser|parse|ECONNRESET|socket|other side closed|terminated/i,
    'the answer is not HTTP',
    'the port of gRPC? OTLP/HTTP is on 4318, gRPC on 4317',
  ],
];

function unreachable(url: string, shown: string, error: unknown): Finding {
  const cause = (error as { cause?: unknown })?.cause;
  const said = [error, cause, ...((cause as { errors?: unknown[] })?.errors ?? [])];
  const details = said.map(
    (each) =>
      `${(each as { code?: unknown })?.code ?? ''} ${(each as { name?: unknown })?.name ?? ''} ${messageOf(each)}`,
  );
  const [, reason, fix] = REASONS.find(([pattern]) => pattern.test(details.join(' '))) ?? [];
  const grpc = /:4317(\/|$)/.test(url)
    ? ['the answer is not HTTP', 'gRPC is on 4317; OTLP/HTTP is on 4318']
    : undefined;
  const refused = reason === 'nobody listens there';
  return problem(
    'endpoint',
    `${shown} cannot be reached: ${(refused ? reason : (grpc?.[0] ?? reason)) ?? messageOf(cause ?? error)}`,
    refused ? fix : (grpc?.[1] ?? fix),
  );
}

function clock(shown: string, { date }: Answer): Finding[] {
  const skew = date - Date.now();
  if (!(Math.abs(skew) > MAX_SKEW_MS)) return [];
  const seconds = Math.round(Math.abs(skew) / 1_000);
  return [
    warning(
      'clock',
      `the clock of ${shown} is ${seconds} s ${skew > 0 ? 'ahead of' : 'behind'} this one: spans of several machines will be out of order`,
      'synchronise the clocks (NTP)',
    ),
  ];
}

function quoted(text: string): string {
  // Secrets go before the cut, which would leave a half of one.
  const short = repeated(text.replace(/\s+/g, ' ').trim()).slice(0, MAX_QUOTED);
  return short === '' ? '' : `: "${short}"`;
}
