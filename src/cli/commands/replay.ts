import { type Command, Option } from '@commander-js/extra-typings';
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
import { type ExitCode, type Terminal, UsageError, wantsColor } from '../command.ts';
import { type Age, BACKEND_NAMES, type BackendRequest, readBackend } from '../recordings/read-backend.ts';
import { readFiles } from '../recordings/read-files.ts';
import { headersFromEnv, withHeader } from '../recordings/request-headers.ts';

const USAGE = `FILE... [options]
       otel-baton replay ID... --jaeger URL | --tempo URL
       otel-baton replay --list FILE... | --jaeger URL | --tempo URL`;

/** How many sessions are named, when the one that was asked for is not there. */
const MAX_NAMED = 10;
const MINUTE_MS = 60_000;
const USUAL_AGE = '7d';
const AGES: Readonly<Record<string, number>> = { m: MINUTE_MS, h: 60 * MINUTE_MS, d: 24 * 60 * MINUTE_MS };

export function addReplay(program: Command, terminal: Terminal): void {
  program
    .command('replay')
    .summary('Tell the sessions of trace files, of Jaeger or of Tempo')
    .usage(USAGE)
    .description(
      `Tells sessions: who did what, when the work changed hands, what came of it.
A FILE is OTLP/JSON, also packed by gzip or zstd; - is standard input.`,
    )
    .argument('[FILE...]')
    .addOption(new Option('--jaeger <URL>', 'Jaeger, where its UI is: http://localhost:16686').conflicts('tempo'))
    .option('--tempo <URL>', 'Tempo, where its API is: http://localhost:3200')
    .option('--header <HEADER>', 'For a backend: name=value or "Name: value". Repeatable', withHeader)
    .option('--timeout <MS>', 'How long one answer of it may take', timeoutFrom, 30_000)
    .addOption(
      new Option('--since <AGE>', 'How far to look back in it: 90m, 2h, 30d')
        .argParser(ageFrom)
        .default(ageFrom(USUAL_AGE), USUAL_AGE),
    )
    .option('--session <ID>', 'Only this session')
    .option('--list', 'Which sessions there are; in a backend, the newest 20')
    .option('--content', 'With the prompts and answers that frameworks recorded')
    .option('--json', 'As JSON, with everything that the text shortens')
    .option('--width <N>', `Columns, ${MIN_WIDTH} to ${MAX_WIDTH} (default: the terminal's, or 80)`, widthFrom)
    .option('--no-color', 'No colours. Without it: as NO_COLOR and FORCE_COLOR say')
    .addHelpText('after', '\nExit codes: 0 told, 1 nothing found or not all readable, 2 used wrongly.')
    .action(async (names, options) => {
      terminal.exitCode = await runReplay(toRequest([...new Set(names)], options, terminal.env), options, terminal);
    });
}

interface Request {
  readonly from: { readonly files: readonly string[] } | BackendRequest;
  /** None: all of them. */
  readonly sessions: readonly string[];
}

interface OutputOptions {
  readonly list?: true | undefined;
  readonly json?: true | undefined;
  readonly content?: true | undefined;
  readonly width?: number | undefined;
  readonly color: boolean;
}

async function runReplay({ from, sessions }: Request, output: OutputOptions, terminal: Terminal): Promise<ExitCode> {
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
  const { list, json, content, width = stdout.columns } = output;
  const view = { color: output.color && wantsColor(terminal), width, content };
  if (list) timelines.reverse();
  stdout.write(
    json ? renderJson(timelines) : list ? renderSessionList(timelines, view) : renderSessions(timelines, view),
  );
  return recorded.isIncomplete || missing.length > 0 ? 1 : 0;
}

interface RequestOptions {
  readonly jaeger?: string | undefined;
  readonly tempo?: string | undefined;
  readonly header?: Readonly<Record<string, string>> | undefined;
  readonly timeout: number;
  readonly since: Age;
  readonly session?: string | undefined;
  readonly list?: true | undefined;
}

/** Names are those of files; with a backend, those of sessions. */
function toRequest(names: readonly string[], options: RequestOptions, env: Terminal['env']): Request {
  const { jaeger, tempo, header, timeout: timeoutMs, since, session, list } = options;
  const asked = session === undefined ? [] : [session];
  const url = jaeger ?? tempo;
  if (url === undefined) {
    if (names.length > 0) return { from: { files: names }, sessions: asked };
    throw new UsageError('expected at least one FILE, or - for standard input, or --jaeger, or --tempo; got none');
  }
  const sessions = [...asked, ...names];
  if (!list && sessions.length === 0) throw new UsageError('expected the ID of a session, or --list, got none');
  const backend = jaeger === undefined ? 'tempo' : 'jaeger';
  const headers = { ...headersFromEnv(url, env), ...header };
  return { from: { backend, url, headers, timeoutMs, since, sessions }, sessions };
}

function widthFrom(text: string): number {
  const width = Number(text);
  if (Number.isInteger(width) && width >= MIN_WIDTH && width <= MAX_WIDTH) return width;
  throw new UsageError(`--width: expected a whole number from ${MIN_WIDTH} to ${MAX_WIDTH}, got "${text}"`);
}

function timeoutFrom(text: string): number {
  const ms = Number(text);
  if (ms > 0) return ms;
  throw new UsageError(`--timeout: expected milliseconds, more than 0, or Infinity, got "${text}"`);
}

function ageFrom(text: string): Age {
  const [, number, unit = ''] = /^([1-9]\d{0,5})([mhd])$/.exec(text) ?? [];
  if (number !== undefined) return { text, ms: Number(number) * (AGES[unit] ?? 0) };
  throw new UsageError(`--since: expected minutes, hours or days as in 90m, 2h, 7d, got "${text}"`);
}

function notFound(
  session: string,
  from: Request['from'],
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

function nothingFound(from: Request['from'], spans: readonly RecordedSpan[]): string {
  if (!('files' in from)) return `no session ${inBackend(from)}`;
  const where = `in ${from.files.join(', ')}`;
  if (spans.length === 0) return `no spans ${where}`;
  const count = spans.length === 1 ? '1 span, but it has' : `${spans.length} spans, but none of them has`;
  return `no session ${where}: ${count} a session.id`;
}

function inBackend({ backend, since }: BackendRequest): string {
  const late = backend === 'tempo' ? ' (by default Tempo finds what is newer than 30 s only later)' : '';
  return `in ${BACKEND_NAMES[backend]} within the last ${since.text}${late}`;
}
