import { deduplicateSpans, type RecordedSpan } from '../span.ts';
import { excerpt, isObject, objects, toAttributes, toRecordedSpan, UnreadableSpan } from './otlp-span.ts';

/** A part of a source that could not be read. The rest was. */
export interface SourceProblem {
  /** Where the part begins, counted from 1. */
  readonly line: number;
  /** What was expected and what was there. May hold text of the source: print it through {@link printable}. */
  readonly message: string;
}

export interface SourceSpans {
  readonly spans: readonly RecordedSpan[];
  readonly problems: readonly SourceProblem[];
}

/** The Collector writes each signal as lines of the same form, at times into one file. */
const OTHER_SIGNALS = ['resourceMetrics', 'resourceLogs', 'resourceProfiles'];
/** Around what Jaeger and Tempo answer. */
const WRAPPERS = ['result', 'trace'];
const EXPECTED = 'expected an object with "resourceSpans"';

/**
 * Spans from OTLP/JSON: one object (`{"resourceSpans":[…]}`, the same inside `{"result":…}` as Jaeger answers or inside
 * `{"trace":…}` as Tempo does, or an array of them), or one such object per line, as the Collector's file exporter writes.
 *
 * What cannot be read is named in `problems` and costs nothing else. A span that was delivered twice comes once.
 */
export function readOtlpJson(text: string): SourceSpans {
  const source = new OtlpText();
  const whole = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  if (whole.trim() !== '') source.read(whole);
  return { spans: deduplicateSpans(source.spans), problems: source.problems };
}

class OtlpText {
  readonly spans: RecordedSpan[] = [];
  readonly problems: SourceProblem[] = [];

  read(text: string): void {
    const document = parse(text);
    const firstLine = 1 + (text.slice(0, text.search(/\S/)).match(/\n/g)?.length ?? 0);
    if (document !== undefined) {
      this.#document(document, firstLine);
    } else if (!this.#lines(text)) {
      this.problems.length = 0;
      this.#problem(firstLine, `${EXPECTED} as JSON, whole or one per line, got: ${excerpt(text.trim())}`);
    }
  }

  /** Whether the text is lines of JSON at all: if none of them is, each line for itself is nothing to complain about. */
  #lines(text: string): boolean {
    let understood = false;
    for (const [index, line] of text.split('\n').entries()) {
      if (line.trim() === '') continue;
      const document = parse(line);
      if (document === undefined) {
        this.#problem(
          index + 1,
          `${EXPECTED} as JSON, got ${line.length} characters that are not: ${excerpt(line.trim())}`,
        );
      } else if (this.#document(document, index + 1)) {
        understood = true;
      }
    }
    return understood;
  }

  /** Whether it is an OTLP document. */
  #document(document: unknown, line: number): boolean {
    if (Array.isArray(document)) return document.filter((item) => this.#document(item, line)).length > 0;
    if (isObject(document)) {
      for (const wrapper of WRAPPERS) {
        if (isObject(document[wrapper])) return this.#document(document[wrapper], line);
      }
      const list = document.resourceSpans ?? document.batches;
      if (Array.isArray(list)) {
        this.#resourceSpans(list, line);
        return true;
      }
      if (OTHER_SIGNALS.some((signal) => signal in document)) return true;
    }
    this.#problem(line, `${EXPECTED}, got: ${excerpt(document)}`);
    return false;
  }

  #resourceSpans(list: readonly unknown[], line: number): void {
    for (const group of objects(list)) {
      const resource = isObject(group.resource) ? toAttributes(group.resource.attributes) : {};
      for (const scopeSpans of objects(group.scopeSpans)) {
        const { scope } = scopeSpans;
        const origin = { resource, scope: isObject(scope) && typeof scope.name === 'string' ? scope.name : '' };
        for (const span of objects(scopeSpans.spans)) {
          try {
            this.spans.push(toRecordedSpan(span, origin));
          } catch (error) {
            if (!(error instanceof UnreadableSpan)) throw error;
            this.#problem(line, `span "${excerpt(span.name)}": ${error.message}`);
          }
        }
      }
    }
  }

  #problem(line: number, message: string): void {
    this.problems.push({ line, message });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
