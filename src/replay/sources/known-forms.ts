import { isObject } from './otlp-span.ts';

// Forms that people have at hand and that cannot be read: each is named, for "not OTLP" alone helps nobody.

const OTLP_INSTEAD = "write OTLP/JSON instead, as the Collector's file exporter does";

/** What a text is that is no JSON, ready to stand behind "got". */
export function nameOfText(text: string): string | undefined {
  const start = text.trimStart().slice(0, 10_000);
  if (/\binstrumentation(?:Scope|Library): \{|\bparentSpanContext: |\btraceFlags: /.test(start)) {
    return ` what ConsoleSpanExporter prints, which is for people and leaves out parts of a span; ${OTLP_INSTEAD}`;
  }
  if (/^<(?:!doctype|html|\?xml)/i.test(start))
    return ' a page for a browser; was it saved from the address of an API?';
  return undefined;
}

/** The same of a JSON value. */
export function nameOfValue(value: unknown): string | undefined {
  const one = Array.isArray(value) ? value[0] : value;
  if (!isObject(one)) return undefined;
  if (isObject(one.context) && 'trace_id' in one.context) {
    return ` a span as the ConsoleSpanExporter of another language prints it; ${OTLP_INSTEAD}`;
  }
  if ('traceId' in one && 'id' in one && ('timestamp' in one || 'localEndpoint' in one)) {
    return ` a span of Zipkin; ${OTLP_INSTEAD}`;
  }
  if ('traceId' in one && 'spanId' in one)
    return ' a span without the request around it: {"resourceSpans":[{"scopeSpans":[{"spans":[…]}]}]}';
  if (Array.isArray(one.traceEvents)) return ` a trace of Chrome; ${OTLP_INSTEAD}`;
  if (Array.isArray(one.errors) && isObject(one.errors[0])) {
    const { msg, message } = one.errors[0];
    const reason = [msg, message].find((each) => typeof each === 'string');
    if (reason !== undefined) return ` the error of a backend: ${reason.slice(0, 200)}`;
  }
  return undefined;
}
