import { ask, shownAddress, withCredentials } from '../../address.ts';
import { BackendError, printable, readFromJaeger } from '../../replay.ts';
import { UsageError } from '../command.ts';

/** A Jaeger that runs already. */
export interface Jaeger {
  /** Where people look. */
  readonly ui: string;
  /** Where spans go, without `/v1/traces`. */
  readonly otlp: string;
}

const USUAL_UI = 'http://localhost:16686';
const USUAL_OTLP_PORT = '4318';
const HOW_TO_RUN = `Run one with
  docker run --rm -p 16686:16686 -p 4318:4318 jaegertracing/jaeger
or name another: otel-baton demo --jaeger URL, and OTEL_EXPORTER_OTLP_ENDPOINT where its OTLP is not at port 4318 of the same host.
`;
/** Long enough for another country, short enough to wait for. */
const TIMEOUT_MS = 5_000;

/** Spans go to the host of the UI, unless the standard variable names another place. */
export function jaegerAt(url: string = USUAL_UI, endpoint?: string): Jaeger {
  const address = /^[a-z]+:\/\//i.test(url) ? url : `http://${url}`;
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol)) {
    throw new UsageError(
      `--jaeger: expected the address of Jaeger's UI, such as ${USUAL_UI}, got "${shownAddress(url)}"`,
    );
  }
  const otlp = new URL(address);
  otlp.port = USUAL_OTLP_PORT;
  return { ui: address.replace(/\/+$/, ''), otlp: (endpoint ?? otlp.origin).replace(/\/+$/, '') };
}

/** Why nothing can be sent there; `undefined` when it can. */
export async function whyNot({ otlp }: Jaeger): Promise<string | undefined> {
  const { url, headers } = withCredentials(`${otlp}/v1/traces`);
  const status = await ask(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: '{"resourceSpans":[]}',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).then(
    (response) => response.status,
    () => undefined,
  );
  if (status === 200) return undefined;
  const what = status === undefined ? 'nobody answers' : `${status} is the answer`;
  return `${what} at ${shownAddress(url)}, where Jaeger should take spans over OTLP/HTTP. ${HOW_TO_RUN}`;
}

/** What to open, once the session is there. */
export async function whereToLook(
  { ui }: Jaeger,
  session: { readonly id: string; readonly service: string; readonly traceId: string | undefined },
): Promise<{ readonly text: string; readonly isThere: boolean }> {
  try {
    const { spans } = await readFromJaeger(ui, { sessionId: session.id, timeoutMs: TIMEOUT_MS });
    const shown = shownAddress(ui);
    if (spans.length === 0) return { text: `The session is not (yet) in the Jaeger at ${shown}\n`, isThere: false };
    const search = new URLSearchParams({
      service: session.service,
      lookback: '1h',
      limit: '20',
      tags: JSON.stringify({ 'session.id': session.id }),
    });
    const text = `${spans.length} spans are in Jaeger. Open\n  ${shown}/trace/${session.traceId}\n  ${shown}/search?${search}\n`;
    return { text, isThere: true };
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    return { text: `The spans were sent, but ${printable(error.message)}\n`, isThere: false };
  }
}
