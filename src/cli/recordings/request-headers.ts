import { UsageError } from '../command.ts';

type Headers = Readonly<Record<string, string>>;

/** `name=value`, or `Name: value` as HTTP writes it: whichever sign comes first. */
const HEADER = /^\s*([\w!#$%&'*+.^`|~-]+)\s*[=:](.*)$/s;
/** What may stand in the value of a header. */
const VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;

/** One more `--header`. A message names what is wrong, and never a value: it may be a password. */
export function withHeader(option: string, headers: Headers = {}): Headers {
  const [, name, text = ''] = HEADER.exec(option) ?? [];
  const value = text.trim();
  if (name === undefined) {
    throw new UsageError(
      `--header: expected name=value or "Name: value", got ${option.length} characters without the name of a header`,
    );
  }
  if (!VALUE.test(value)) {
    throw new UsageError(`--header: expected a value of printable characters for ${name}, got one with others`);
  }
  return { ...headers, [name.toLowerCase()]: value };
}

/**
 * The headers of OpenTelemetry's standard variables. They belong to the endpoint that spans are sent to, so they go along only
 * where the backend is asked at the same place: scheme, host and port.
 */
export function headersFromEnv(url: string, env: Readonly<Record<string, string | undefined>>): Headers {
  const endpoint = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT;
  const origin = originOf(endpoint);
  if (origin === undefined || origin !== originOf(url)) return {};
  const pairs = [env.OTEL_EXPORTER_OTLP_HEADERS, env.OTEL_EXPORTER_OTLP_TRACES_HEADERS].join(',').split(',');
  const headers: Record<string, string> = {};
  for (const pair of pairs) {
    const [, name, text = ''] = HEADER.exec(decoded(pair)) ?? [];
    const value = text.trim();
    if (name !== undefined && VALUE.test(value)) headers[name.toLowerCase()] = value;
  }
  return headers;
}

function originOf(url: string | undefined): string | undefined {
  if (!url) return undefined;
  const address = /^[a-z]+:\/\//i.test(url) ? url : `http://${url}`;
  return URL.canParse(address) ? new URL(address).origin : undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
