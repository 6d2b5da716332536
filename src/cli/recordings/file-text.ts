import * as zlib from 'node:zlib';

/** More is no text that a replay can hold; also what a small file unpacks to. */
export const MAX_FILE_BYTES: number = 128 * 2 ** 20;
export const TOO_LARGE: string = `it is larger than ${MAX_FILE_BYTES / 2 ** 20} MB; split it, or keep the lines of one session`;

/** Why a file is no text: what it is instead, and what to do. */
export class UnreadableFile extends Error {}

export interface FileText {
  readonly text: string;
  /** What is missing of it. */
  readonly problems: readonly string[];
}

/** A packed file may be packed once more by who sent it. */
const MAX_LAYERS = 3;
const GZIP = [0x1f, 0x8b];
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];
const OTHERS: readonly (readonly [name: string, magic: readonly number[]])[] = [
  ['a zip archive', [0x50, 0x4b, 0x03, 0x04]],
  ['packed with bzip2', [0x42, 0x5a, 0x68]],
  ['packed with xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ['packed with lz4', [0x04, 0x22, 0x4d, 0x18]],
];

/**
 * The text of a file as people have it: packed by gzip or zstd, in UTF-8 or UTF-16.
 *
 * @throws UnreadableFile
 */
export function textOfFile(bytes: Uint8Array): FileText {
  const problems: string[] = [];
  let unpacked = bytes;
  for (let layer = 0; layer < MAX_LAYERS; layer++) {
    if (startsWith(unpacked, GZIP)) unpacked = gunzip(unpacked, problems);
    else if (startsWith(unpacked, ZSTD)) unpacked = unzstd(unpacked);
    else if (startsWith(unpacked.subarray(4), ZSTD)) unpacked = unzstdParts(unpacked, problems);
    else break;
  }
  const [other] = OTHERS.find(([, magic]) => startsWith(unpacked, magic)) ?? [];
  if (other !== undefined) throw new UnreadableFile(`it is ${other}; unpack it first`);
  return { text: decode(unpacked), problems };
}

function gunzip(bytes: Uint8Array, problems: string[]): Uint8Array {
  const options = { maxOutputLength: MAX_FILE_BYTES };
  try {
    return zlib.gunzipSync(bytes, options);
  } catch (error) {
    if (codeOf(error) !== 'Z_BUF_ERROR') throw unreadable('gzip', error);
  }
  problems.push('it is cut off: its end is missing');
  try {
    return zlib.gunzipSync(bytes, { ...options, finishFlush: zlib.constants.Z_SYNC_FLUSH });
  } catch (error) {
    throw unreadable('gzip', error);
  }
}

type Unzstd = (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Uint8Array;

function unzstd(bytes: Uint8Array): Uint8Array {
  const { zstdDecompressSync } = zlib as { readonly zstdDecompressSync?: Unzstd };
  if (!zstdDecompressSync) {
    throw new UnreadableFile('it is packed with zstd, which Node.js reads from 22.15 on; unpack it first: zstd -d');
  }
  try {
    return zstdDecompressSync(bytes, { maxOutputLength: MAX_FILE_BYTES });
  } catch (error) {
    throw unreadable('zstd', error);
  }
}

/** The Collector's file exporter with `compression: zstd` packs each request by itself, its length in four bytes before it. */
function unzstdParts(bytes: Uint8Array, problems: string[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let size = 0;
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + (at + 4 <= bytes.length ? view.getUint32(at) : 0);
    if (end > bytes.length || !startsWith(bytes.subarray(at + 4), ZSTD)) {
      problems.push('it is cut off: its end is missing');
      break;
    }
    const part = unzstd(bytes.subarray(at + 4, end));
    size += part.length;
    if (size > MAX_FILE_BYTES) throw new UnreadableFile(TOO_LARGE);
    parts.push(part, NEW_LINE);
    at = end;
  }
  return Buffer.concat(parts);
}

const NEW_LINE = Uint8Array.of(0x0a);

function unreadable(format: string, error: unknown): UnreadableFile {
  if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') return new UnreadableFile(TOO_LARGE);
  return new UnreadableFile(
    `it is packed with ${format} and damaged: ${error instanceof Error ? error.message : error}`,
  );
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

function decode(bytes: Uint8Array): string {
  const encoding = utf16Of(bytes);
  if (encoding !== undefined) return new TextDecoder(encoding).decode(bytes);
  if (isBinary(bytes)) {
    const isOtlp = bytes[0] === 0x0a || bytes[4] === 0x0a;
    throw new UnreadableFile(
      isOtlp
        ? 'it is binary, as OTLP in protobuf is; write JSON instead: format: json of the file exporter, OTEL_EXPORTER_OTLP_PROTOCOL=http/json'
        : 'it is binary',
    );
  }
  return new TextDecoder().decode(bytes);
}

/** By its mark; without one, by the zero that each letter of ASCII has in it. */
function utf16Of(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  const [first, second, third, fourth] = bytes;
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  if (first && third && second === 0 && fourth === 0) return 'utf-16le';
  return second && fourth && first === 0 && third === 0 ? 'utf-16be' : undefined;
}

/** JSON begins with a bracket; what does not, and has characters that nobody types, is no text. */
function isBinary(bytes: Uint8Array): boolean {
  if (bytes[0] === 0x7b || bytes[0] === 0x5b) return false;
  return bytes.subarray(0, 4096).some((byte) => byte < 0x09);
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}
