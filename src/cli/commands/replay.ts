import { parseArgs } from 'node:util';
import { MAX_WIDTH, MIN_WIDTH } from '../../replay/views/layout.ts';
import {
  buildTimelines,
  printable,
  type RecordedSpan,
  renderJson,
  renderSessionList,
  renderSessions,
  type SessionTimeline,
} from '../../replay.ts';
import { type Command, type ExitCode, UsageError } from '../command.ts';
import { BACKEND_NAMES, type BackendRequest, readBackend } from '../replay/read-backend.ts';
import { readFiles } from '../replay/read-files.ts';
import { headersFromEnv, headersFromOptions } from '../replay/request-headers.ts';
import { type Terminal, wantsColor } from '../terminal.ts';

const HELP = `Usage: otel-baton replay FILE... [options]
       otel-baton replay ID... --jaeger URL | --tempo URL
       otel-baton replay --list FILE... | --jaeger URL | --tempo URL

Tells sessions: who did what, when the work changed hands, what came of it.

  FILE             OTLP/JSON, also packed by gzip or zstd; - is standard input.
  --jaeger URL     Jaeger, where its UI is: http://localhost:16686
  --tempo URL      Tempo, where its API is: http://localhost:3200
  --header HEADER  For a backend: name=value or "Name: value". Repeatable.
  --timeout MS     How long one answer of it may take. Default: 30000.
  --since AGE      How far to look back in it: 90m, 2h, 30d. Default: 7d.

  --session ID     Only this session.
  --list           Which sessions there are; in a backend, the newest 20.
  --content        With the prompts and answers that frameworks recorded.
  --json           As JSON, with everything that the text shortens.
  --width N        Columns to use, ${MIN_WIDTH} to ${MAX_WIDTH}. Default: the terminal's, or 80.
  --no-color       No colours. Without it: as NO_COLOR and FORCE_COLOR say.
  -h, --help       This text.

Exit codes: 0 told, 1 nothing found or not all readable, 2 used wrongly.
`;

/** How many sessions are named, when the one that was asked for is not there. */
const MAX_NAMED = 10;
const MINUTE_MS = 60_000;
const AGES: Readonly<Record<string, number>> = { m: MINUTE_MS, h: 60 * MINUTE_MS, d: 24 * 60 * MINUTE_MS };

interface Options {
  readonly from: { readonly files: readonly string[] } | BackendRequest;
  /** None: all of them. */
  readonly sessions: readonly string[];
  readonly list: boolean;
  readonly json: boolean;
  readonly content: boolean;
  readonly width: number | undefined;
  readonly color: boolean;
}

export const replay: Command = {
  name: 'replay',
  summary: 'Tell the sessions of trace files, of Jaeger or of Tempo',
  help: HELP,
  run: runReplay,
};

async function runReplay(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { from, sessions, list, json, content, width, color } = parse(args, terminal.env);
  const report = (message: string) => terminal.stderr.write(`otel-baton replay: ${printable(message)}\n`);
  const recorded = await ('files' in from ? readFiles(from.files, terminal, report) : readBackend(from, report));
  if (recorded.isUnreadable) return 1;
  const all = buildTimelines(recorded.spans);
  const timelines = sessions.length === 0 ? all : all.filter(({ id }) => sessions.includes(id));
  const missing = sessions.filter((id) => !all.some((timeline) => timeline.id === id));
  for (const id of missing) report(notFound(id, from, recorded.spans, all));
  if (timelines.length === 0) {
    if (missing.length === 0) report(nothingFound(from, recorded.spans));
    return 1;
  }
  const { stdout } = terminal;
  const view = { color: color && wantsColor(terminal), width: width ?? stdout.columns, content };
  if (list) timelines.reverse();
  stdout.write(
    json ? renderJson(timelines) : list ? renderSessionList(timelines, view) : renderSessions(timelines, view),
  );
  return recorded.isIncomplete || missing.length > 0 ? 1 : 0;
}

function parse(args: readonly string[], env: Terminal['env']): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      jaeger: { type: 'string' },
      tempo: { type: 'string' },
      session: { type: 'string' },
      list: { type: 'boolean', default: false },
      since: { type: 'string', default: '7d' },
      header: { type: 'string', multiple: true, default: [] },
      timeout: { type: 'string' },
      content: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      width: { type: 'string' },
      'no-color': { type: 'boolean', default: false },
    },
  });
  const { jaeger, tempo, session, list, json, content } = values;
  const named = [...new Set(positionals)];
  const sessions = session === undefined ? [] : [session];
  const headers = headersFromOptions(values.header);
  const timeoutMs = timeoutFrom(values.timeout);
  const options = { list, json, content, width: widthFrom(values.width), color: !values['no-color'] };
  if (jaeger === undefined && tempo === undefined) {
    if (named.length === 0) {
      throw new UsageError('expected at least one FILE, or - for standard input, or --jaeger, or --tempo; got none');
    }
    return { from: { files: named }, sessions, ...options };
  }
  if (jaeger !== undefined && tempo !== undefined) throw new UsageError('expected --jaeger or --tempo, got both');
  sessions.push(...named);
  if (!list && sessions.length === 0) throw new UsageError('expected the ID of a session, or --list, got none');
  const url = jaeger ?? tempo ?? '';
  const request: BackendRequest = {
    backend: jaeger === undefined ? 'tempo' : 'jaeger',
    url,
    headers: { ...headersFromEnv(url, env), ...headers },
    timeoutMs,
    since: values.since,
    lookBackMs: ageFrom(values.since),
    sessions,
  };
  return { from: request, sessions, ...options };
}

function widthFrom(text: string | undefined): number | undefined {
  const width = text === undefined ? undefined : Number(text);
  if (width !== undefined && !(Number.isInteger(width) && width >= MIN_WIDTH && width <= MAX_WIDTH)) {
    throw new UsageError(`--width: expected a whole number from ${MIN_WIDTH} to ${MAX_WIDTH}, got "${text}"`);
  }
  return width;
}

function timeoutFrom(text: string | undefined): number | undefined {
  const ms = text === undefined ? undefined : Number(text);
  if (ms !== undefined && !(ms > 0)) {
    throw new UsageError(`--timeout: expected milliseconds, more than 0, or Infinity, got "${text}"`);
  }
  return ms;
}

function ageFrom(text: string): number {
  const [, number, unit = ''] = /^([1-9]\d{0,5})([mhd])$/.exec(text) ?? [];
  if (number === undefined)
    throw new UsageError(`--since: expected minutes, hours or days as in 90m, 2h, 7d, got "${text}"`);
  return Number(number) * (AGES[unit] ?? 0);
}

function notFound(
  session: string,
  from: Options['from'],
  spans: readonly RecordedSpan[],
  timelines: readonly SessionTimeline[],
): string {
  if ('files' in from) {
    if (timelines.length === 0) return nothingFound(from, spans);
    const named = timelines.slice(0, MAX_NAMED).map(({ id }) => id);
    const more = timelines.length > named.length ? ` and ${timelines.length - named.length} more` : '';
    return `no session "${session}" in ${from.files.join(', ')}; there is ${named.join(', ')}${more}`;
  }
  return `no session "${session}" ${inBackend(from)}; --list shows which there are`;
}

function nothingFound(from: Options['from'], spans: readonly RecordedSpan[]): string {
  if (!('files' in from)) return `no session ${inBackend(from)}`;
  const where = `in ${from.files.join(', ')}`;
  if (spans.length === 0) return `no spans ${where}`;
  const count = spans.length === 1 ? '1 span, but it has' : `${spans.length} spans, but none of them has`;
  return `no session ${where}: ${count} a session.id`;
}

function inBackend({ backend, since }: BackendRequest): string {
  const late = backend === 'tempo' ? ' (by default Tempo finds what is newer than 30 s only later)' : '';
  return `in ${BACKEND_NAMES[backend]} within the last ${since}${late}`;
}
