import { deduplicateSpans, type RecordedSpan } from '../span.ts';
import { excerpt } from './excerpt.ts';
import { isJaegerTrace, readJaegerTrace } from './jaeger-download.ts';
import { type JsonPiece, jsonPieces } from './json-documents.ts';
import { nameOfText, nameOfValue } from './known-forms.ts';
import {
  field,
  isObject,
  type JsonObject,
  objects,
  toAttributes,
  toRecordedSpan,
  UnreadableSpan,
  type UnreadSpan,
} from './otlp-span.ts';

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
/** Around what Jaeger and Tempo answer, and around what Jaeger's UI saves. */
const WRAPPERS = ['result', 'trace', 'data'];
/** Lists and wrappers around one another; nobody writes more than two. */
const MAX_NESTING = 8;
/** So much that is broken is no text that somebody wants to see the rest of. */
const MAX_BROKEN = 10_000;
/** More than a file of 128 MB has. */
const MAX_VALUES = 20_000_000;
const [COMMA, LIST, OBJECT] = [0x2c, 0x5b, 0x7b];
const EXPECTED = 'expected an object with "resourceSpans"';

/**
 * Spans from OTLP/JSON: one object (`{"resourceSpans":[…]}`, the same inside `{"result":…}` as Jaeger answers or inside
 * `{"trace":…}` as Tempo does, or an array of them), one such object per line, as the Collector's file exporter writes, or
 * one after the other, as `jq` prints them. Also what the UIs of Jaeger and Grafana save as JSON.
 *
 * What cannot be read is named in `problems` and costs nothing else. A span that was delivered twice comes once.
 */
export function readOtlpJson(text: string): SourceSpans {
  const source = new OtlpText();
  source.read(text);
  return { spans: deduplicateSpans(source.spans), problems: source.problems };
}

/** The same of what is parsed already. */
export function readOtlpDocument(document: unknown): SourceSpans {
  const source = new OtlpText();
  source.document(document, 1);
  return { spans: deduplicateSpans(source.spans), problems: source.problems };
}

class OtlpText {
  readonly spans: RecordedSpan[] = [];
  readonly problems: SourceProblem[] = [];

  read(text: string): void {
    if (hasTooManyValues(text)) {
      this.#problem(
        1,
        `expected no more than ${MAX_VALUES / 1e6} million values, got more: split it, or keep one session`,
      );
      return;
    }
    let understood = false;
    let broken = 0;
    let first: JsonPiece | undefined;
    let firstValue: unknown;
    for (const piece of jsonPieces(text)) {
      first ??= piece;
      const { line, value, text: as } = piece;
      if (value !== undefined) {
        firstValue ??= value;
        understood = this.document(value, line) || understood || piece.isWhole === true;
      } else if (++broken <= MAX_BROKEN) {
        this.#problem(line, `${EXPECTED} as JSON, got ${as.length} characters that are not: ${excerpt(as)}`);
      } else {
        this.#problem(line, `more than ${MAX_BROKEN} places are not JSON: from here on nothing was read`);
        break;
      }
    }
    if (understood || !first) return;
    // A text that is something else altogether is named once, and not line by line.
    this.problems.length = 0;
    const name = nameOfValue(firstValue) ?? nameOfText(text);
    this.#problem(first.line, `${EXPECTED} as JSON, whole or one per line, got${name ?? `: ${excerpt(text.trim())}`}`);
  }

  /** Whether it is what was expected. */
  document(document: unknown, line: number, depth = 0): boolean {
    if (depth > MAX_NESTING) {
      this.#problem(line, `${EXPECTED}, got one inside more than ${MAX_NESTING} others: ${excerpt(document)}`);
      return false;
    }
    if (Array.isArray(document)) {
      return document.filter((item) => this.document(item, line, depth + 1)).length > 0;
    }
    if (isObject(document)) {
      const list = field(document, 'resourceSpans') ?? document.batches;
      if (Array.isArray(list)) {
        this.#resourceSpans(list, line);
        return true;
      }
      if (isJaegerTrace(document)) {
        this.#each(readJaegerTrace(document), line);
        return true;
      }
      for (const wrapper of WRAPPERS) {
        const inside = document[wrapper];
        if (isObject(inside) || Array.isArray(inside)) return this.document(inside, line, depth + 1);
      }
      if (OTHER_SIGNALS.some((signal) => field(document, signal) !== undefined)) return true;
    }
    this.#problem(line, `${EXPECTED}, got${nameOfValue(document) ?? `: ${excerpt(document)}`}`);
    return false;
  }

  #resourceSpans(list: readonly unknown[], line: number): void {
    for (const group of objects(list)) {
      const resource = isObject(group.resource) ? toAttributes(group.resource.attributes) : {};
      for (const { scope, spans } of scopesOf(group)) {
        this.#each(
          objects(spans).map((span) => ({ name: span.name, read: () => toRecordedSpan(span, { resource, scope }) })),
          line,
        );
      }
      const odd = oddOf(group);
      if (odd !== undefined) this.#problem(line, `expected "scopeSpans" beside "resource", got: ${excerpt(odd)}`);
    }
  }

  #each(spans: Iterable<UnreadSpan>, line: number): void {
    for (const { name, read } of spans) {
      try {
        this.spans.push(read());
      } catch (error) {
        if (!(error instanceof UnreadableSpan)) throw error;
        this.#problem(line, `span "${excerpt(name)}": ${error.message}`);
      }
    }
  }

  #problem(line: number, message: string): void {
    this.problems.push({ line, message });
  }
}

/**
 * A list of millions of empty lists is small as a text and takes gigabytes when it is parsed. Spans have a value for each 20
 * characters or so.
 */
function hasTooManyValues(text: string): boolean {
  if (text.length <= MAX_VALUES) return false;
  let values = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === COMMA || code === LIST || code === OBJECT) values++;
  }
  return values > MAX_VALUES;
}

/** Until OTLP 0.15 scopes were called instrumentation libraries. */
const SCOPE_LISTS = [
  ['scopeSpans', 'scope'],
  ['instrumentationLibrarySpans', 'instrumentationLibrary'],
] as const;

function scopesOf(group: JsonObject): { readonly scope: string; readonly spans: unknown }[] {
  return SCOPE_LISTS.flatMap(([list, name]) =>
    objects(field(group, list)).map((one) => {
      const scope = one.scope ?? field(one, name);
      return { scope: isObject(scope) && typeof scope.name === 'string' ? scope.name : '', spans: one.spans };
    }),
  );
}

/** What stands in the place of the scopes; nothing there is no mistake. */
function oddOf(group: JsonObject): unknown {
  const lists = SCOPE_LISTS.map(([list]) => field(group, list)).filter((list) => list !== undefined && list !== null);
  if (lists.length > 0) return lists.find((list) => !Array.isArray(list));
  const others = Object.entries(group).filter(([key]) => !['resource', 'schemaUrl', 'schema_url'].includes(key));
  return others.length > 0 ? Object.fromEntries(others) : undefined;
}
