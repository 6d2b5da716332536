import { createReadStream } from 'node:fs';
import { type RecordedSpan, readOtlpJson } from '../../replay.ts';
import type { Terminal } from '../command.ts';
import { type FileText, MAX_FILE_BYTES, TOO_LARGE, textOfFile, UnreadableFile } from './file-text.ts';

/** What the place to read from gave. */
export interface Recorded {
  readonly spans: readonly RecordedSpan[];
  /** Nothing could be read at all. */
  readonly isUnreadable: boolean;
  /** Something could not be read, and was named. */
  readonly isIncomplete: boolean;
}

/** How many unreadable places of a file are named. */
const MAX_PROBLEMS = 10;

/** What can be read of all files; what cannot is reported and costs nothing else. */
export async function readFiles(
  files: readonly string[],
  { stdin }: Terminal,
  report: (message: string) => void,
): Promise<Recorded> {
  const spans: (readonly RecordedSpan[])[] = [];
  let unread = 0;
  let problems = 0;
  for (const file of files) {
    const content = await readText(file, stdin, report);
    if (content === undefined) {
      unread++;
      continue;
    }
    const source = readOtlpJson(content.text);
    spans.push(source.spans);
    problems += content.problems.length + source.problems.length;
    for (const message of content.problems) report(`${file}: ${message}`);
    for (const { line, message } of source.problems.slice(0, MAX_PROBLEMS)) report(`${file}:${line}: ${message}`);
    const more = source.problems.length - MAX_PROBLEMS;
    if (more > 0) report(`${file}: ${more} more ${more === 1 ? 'place' : 'places'} could not be read`);
  }
  return { spans: spans.flat(), isUnreadable: unread === files.length, isIncomplete: unread + problems > 0 };
}

async function readText(
  file: string,
  stdin: Terminal['stdin'],
  report: (message: string) => void,
): Promise<FileText | undefined> {
  try {
    return textOfFile(await readBytes(file === '-' ? stdin : createReadStream(file)));
  } catch (error) {
    report(`cannot read ${file}: ${reason(error)}; expected a file of OTLP/JSON, or - for standard input`);
    return undefined;
  }
}

/** No further than anybody can use: a device or a pipe may never end. */
async function readBytes(stream: AsyncIterable<Uint8Array | string>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    size += bytes.length;
    if (size > MAX_FILE_BYTES) throw new UnreadableFile(TOO_LARGE);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a directory';
  if (code === 'EACCES') return 'permission denied';
  return message;
}
