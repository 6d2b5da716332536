import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { MAX_WIDTH, MIN_WIDTH } from '../../replay/views/layout.ts';
import {
  buildTimelines,
  printable,
  type RecordedSpan,
  readOtlpJson,
  renderJson,
  renderSessions,
  type SessionTimeline,
} from '../../replay.ts';
import { type Command, type ExitCode, UsageError } from '../command.ts';
import { type Terminal, wantsColor } from '../terminal.ts';

const HELP = `Usage: otel-baton replay FILE... [options]

Tells the sessions recorded in trace files: who did what, when the work changed
hands, what came of it.

  FILE             OTLP/JSON: one object, or one per line as the Collector's
                   file exporter writes. - reads standard input.

Options:
  --session ID     Only this session.
  --json           As JSON, with everything that the text shortens.
  --width N        Columns to use, ${MIN_WIDTH} to ${MAX_WIDTH}. Default: those of the terminal,
                   or 80.
  --no-color       No colours. Without it: as NO_COLOR, FORCE_COLOR and the
                   terminal say.
  -h, --help       This text.

Exit codes: 0 told, 1 nothing found or not readable, 2 used wrongly.

Example: otel-baton replay traces.json --session SUP-123 | less -R
`;

/** How many unreadable places of a file are named. */
const MAX_PROBLEMS = 10;
/** How many sessions are named, when the one that was asked for is not there. */
const MAX_NAMED = 10;

interface Options {
  readonly files: readonly string[];
  readonly session: string | undefined;
  readonly json: boolean;
  readonly width: number | undefined;
  readonly color: boolean;
}

export const replay: Command = {
  name: 'replay',
  summary: 'Tell the sessions recorded in trace files',
  help: HELP,
  run: runReplay,
};

async function runReplay(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { files, session, json, width, color } = parse(args);
  const { spans, unread } = await readAll(files, terminal);
  if (unread === files.length) return 1;
  const all = buildTimelines(spans);
  const timelines = session === undefined ? all : all.filter(({ id }) => id === session);
  if (timelines.length === 0) {
    report(terminal, nothingFound(spans, all, { files, session }));
    return 1;
  }
  const { stdout } = terminal;
  const view = { color: color && wantsColor(terminal), width: width ?? stdout.columns };
  stdout.write(json ? renderJson(timelines) : renderSessions(timelines, view));
  return unread > 0 ? 1 : 0;
}

function parse(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      session: { type: 'string' },
      json: { type: 'boolean', default: false },
      width: { type: 'string' },
      'no-color': { type: 'boolean', default: false },
    },
  });
  if (positionals.length === 0) throw new UsageError('expected at least one FILE, or - for standard input, got none');
  const width = values.width === undefined ? undefined : Number(values.width);
  if (width !== undefined && !(Number.isInteger(width) && width >= MIN_WIDTH && width <= MAX_WIDTH)) {
    throw new UsageError(`--width: expected a whole number from ${MIN_WIDTH} to ${MAX_WIDTH}, got "${values.width}"`);
  }
  return {
    files: [...new Set(positionals)],
    session: values.session,
    json: values.json,
    width,
    color: !values['no-color'],
  };
}

/** What can be read of all files; what cannot is named on stderr and costs nothing else. */
async function readAll(
  files: readonly string[],
  terminal: Terminal,
): Promise<{ spans: RecordedSpan[]; unread: number }> {
  const spans: (readonly RecordedSpan[])[] = [];
  let unread = 0;
  for (const file of files) {
    const text = await readText(file, terminal);
    if (text === undefined) {
      unread++;
      continue;
    }
    const source = readOtlpJson(text);
    spans.push(source.spans);
    for (const { line, message } of source.problems.slice(0, MAX_PROBLEMS))
      report(terminal, `${file}:${line}: ${message}`);
    const more = source.problems.length - MAX_PROBLEMS;
    if (more > 0) report(terminal, `${file}: ${more} more places could not be read`);
  }
  return { spans: spans.flat(), unread };
}

async function readText(file: string, terminal: Terminal): Promise<string | undefined> {
  try {
    return file === '-' ? await readStream(terminal.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    report(terminal, `cannot read ${file}: ${reason(error)}; expected a file of OTLP/JSON, or - for standard input`);
    return undefined;
  }
}

async function readStream(stream: AsyncIterable<Uint8Array | string>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of stream) text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a directory';
  if (code === 'EACCES') return 'permission denied';
  return message;
}

function nothingFound(
  spans: readonly RecordedSpan[],
  timelines: readonly SessionTimeline[],
  { files, session }: Pick<Options, 'files' | 'session'>,
): string {
  const where = `in ${files.join(', ')}`;
  if (spans.length === 0) return `no spans ${where}`;
  if (session === undefined || timelines.length === 0) {
    const count = spans.length === 1 ? '1 span, but it has' : `${spans.length} spans, but none of them has`;
    return `no session ${where}: ${count} a session.id`;
  }
  const named = timelines.slice(0, MAX_NAMED).map(({ id }) => id);
  const more = timelines.length > named.length ? ` and ${timelines.length - named.length} more` : '';
  return `no session "${session}" ${where}; there is ${named.join(', ')}${more}`;
}

function report({ stderr }: Terminal, message: string): void {
  stderr.write(`otel-baton replay: ${printable(message)}\n`);
}
