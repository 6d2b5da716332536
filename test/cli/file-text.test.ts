import * as zlib from 'node:zlib';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { MAX_FILE_BYTES, textOfFile, UnreadableFile } from '../../src/cli/recordings/file-text.ts';

// Hundreds of megabytes take their time on a busy machine.
jest.setTimeout(120_000);

const TEXT = '{"resourceSpans":[]}\n{"name":"Müller – ☎"}\n';

function messageOf(bytes: Uint8Array): string {
  try {
    textOfFile(bytes);
  } catch (error) {
    if (error instanceof UnreadableFile) return error.message;
    throw error;
  }
  return 'it was read';
}

function utf16(text: string, bigEndian: boolean): Uint8Array {
  const bytes = Buffer.from(text, 'utf16le');
  return bigEndian ? bytes.swap16() : bytes;
}

/** As the Collector's file exporter writes it, each request with its length. */
function withLength(bytes: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

// Node.js has zstd from 22.15 on.
const { zstdCompressSync } = zlib as { readonly zstdCompressSync?: (bytes: Uint8Array) => Uint8Array };

describe('the text of a file', () => {
  it('is read from UTF-8 and UTF-16, with a mark of its byte order and without', () => {
    for (const text of [TEXT, `\ufeff${TEXT}`]) {
      for (const bytes of [Buffer.from(text), utf16(text, false), utf16(text, true)]) {
        expect(textOfFile(bytes)).toEqual({ text: TEXT, problems: [] });
      }
    }
    expect(textOfFile(Buffer.of())).toEqual({ text: '', problems: [] });
  });

  it('is unpacked from gzip, also from several parts and when it was packed twice', () => {
    const [one, two] = [TEXT.slice(0, 10), TEXT.slice(10)].map((part) => gzipSync(part));
    for (const bytes of [
      gzipSync(TEXT),
      gzipSync(gzipSync(TEXT)),
      Buffer.concat([one ?? [], two ?? []] as Uint8Array[]),
    ]) {
      expect(textOfFile(bytes)).toEqual({ text: TEXT, problems: [] });
    }
  });

  it('is read as far as it goes, when the file is cut off, and that is named', () => {
    const text = Array.from({ length: 2_000 }, (_, index) => `{"line":${index * 7919}}\n`).join('');
    const packed = gzipSync(text);
    const { text: read, problems } = textOfFile(packed.subarray(0, packed.length / 2));
    expect(read.length).toBeGreaterThan(100);
    expect(text.startsWith(read)).toBe(true);
    expect(problems).toEqual(['it is cut off: its end is missing']);
  });

  it('is not unpacked to more than anybody can read', () => {
    const bomb = gzipSync(Buffer.alloc(MAX_FILE_BYTES + 1));
    expect(bomb.length).toBeLessThan(MAX_FILE_BYTES / 900);
    expect(messageOf(bomb)).toBe('it is larger than 128 MB; split it, or keep the lines of one session');
    expect(messageOf(bomb.subarray(0, bomb.length - 8))).toContain('it is larger than 128 MB');
  });

  it('is unpacked from zstd, or the reason is named', () => {
    // "{}" and a line break, by zstd 1.5.
    const known = Buffer.from('28b52ffd04581900007b7d0a8b1f3d12', 'hex');
    if (!zstdCompressSync) {
      const said = 'it is packed with zstd, which Node.js reads from 22.15 on; unpack it first: zstd -d';
      expect([messageOf(known), messageOf(withLength(known))]).toEqual([said, said]);
      return;
    }
    const packed = zstdCompressSync(Buffer.from(TEXT));
    expect(textOfFile(packed)).toEqual({ text: TEXT, problems: [] });
    const two = Buffer.concat([withLength(packed), withLength(packed)]);
    expect(textOfFile(two)).toEqual({ text: `${TEXT}\n${TEXT}\n`, problems: [] });
    expect(textOfFile(two.subarray(0, two.length - 3)).problems).toEqual(['it is cut off: its end is missing']);
    expect(messageOf(zstdCompressSync(Buffer.alloc(MAX_FILE_BYTES + 1)))).toContain('it is larger than 128 MB');
  });

  it.each([
    ['504b030414', 'it is a zip archive; unpack it first'],
    ['425a68393141', 'it is packed with bzip2; unpack it first'],
    ['fd377a585a00', 'it is packed with xz; unpack it first'],
    ['04224d1864', 'it is packed with lz4; unpack it first'],
    ['0a90010a080001', 'it is binary, as OTLP in protobuf is; write JSON instead'],
    ['000000100a0e0a00', 'it is binary, as OTLP in protobuf is; write JSON instead'],
    ['7f454c4602010100', 'it is binary'],
    ['1f8b0800000000000003ffffffff', 'it is packed with gzip and damaged: '],
  ])('is not looked for in %s: %s', (hex, message) => {
    expect(messageOf(Buffer.from(hex, 'hex'))).toContain(message);
  });

  it('is there, or a sentence says why not, whatever the bytes are', () => {
    const magic = fc
      .constantFrom('', '1f8b08', '28b52ffd', '0000000428b52ffd', 'fffe', 'feff', '7b', '0a')
      .map((hex) => Buffer.from(hex, 'hex'));
    fc.assert(
      fc.property(magic, fc.uint8Array({ maxLength: 60 }), (start, rest) => {
        expect(messageOf(Buffer.concat([start, rest]))).toMatch(/^it (was read|is )/);
      }),
      { numRuns: 1000 },
    );
  });
});
