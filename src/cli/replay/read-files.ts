import { readFile } from 'node:fs/promises';
import { type RecordedSpan, readOtlpJson } from '../../replay.ts';
import type { Terminal } from '../terminal.ts';
import type { Recorded } from './recorded.ts';

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
  for (const file of files) {
    const text = await readText(file, stdin, report);
    if (text === undefined) {
      unread++;
      continue;
    }
    const source = readOtlpJson(text);
    spans.push(source.spans);
    for (const { line, message } of source.problems.slice(0, MAX_PROBLEMS)) report(`${file}:${line}: ${message}`);
    const more = source.problems.length - MAX_PROBLEMS;
    if (more > 0) report(`${file}: ${more} more places could not be read`);
  }
  return { spans: spans.flat(), isUnreadable: unread === files.length, isIncomplete: unread > 0 };
}

async function readText(
  file: string,
  stdin: Terminal['stdin'],
  report: (message: string) => void,
): Promise<string | undefined> {
  try {
    return file === '-' ? await readStream(stdin) : await readFile(file, 'utf8');
  } catch (error) {
    report(`cannot read ${file}: ${reason(error)}; expected a file of OTLP/JSON, or - for standard input`);
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
