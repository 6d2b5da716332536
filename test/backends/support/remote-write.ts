import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A series of a metric: its labels, `__name__` among them, and its latest value. */
interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface MetricsReceiver {
  readonly url: string;
  /** Every series that was written, with its latest value. */
  series(): readonly Series[];
  close(): Promise<void>;
}

/** Takes what Prometheus' remote write (version 1) sends, as Tempo's metrics generator does: a snappy block of protobuf. */
export async function startMetricsReceiver(): Promise<MetricsReceiver> {
  const latest = new Map<string, Series>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      for (const series of readWriteRequest(unsnappy(Buffer.concat(chunks)))) {
        latest.set(JSON.stringify(series.labels), series);
      }
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/write`,
    series: () => [...latest.values()],
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** The block format: https://github.com/google/snappy/blob/main/format_description.txt */
function unsnappy(block: Buffer): Buffer {
  const [length, start] = varint(block, 0);
  const out = Buffer.alloc(length);
  let at = start;
  let written = 0;
  while (at < block.length) {
    const tag = block.readUInt8(at++);
    const type = tag & 3;
    if (type === 0) {
      let size = tag >> 2;
      if (size >= 60) {
        const bytes = size - 59;
        size = block.readUIntLE(at, bytes);
        at += bytes;
      }
      written += block.copy(out, written, at, at + size + 1);
      at += size + 1;
      continue;
    }
    const size = type === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const bytes = [0, 1, 2, 4][type] ?? 0;
    const offset = block.readUIntLE(at, bytes) + (type === 1 ? (tag >> 5) << 8 : 0);
    at += bytes;
    // Byte by byte: a copy may reach into what it has just written.
    for (const end = written + size; written < end; written++) out[written] = out[written - offset] ?? 0;
  }
  return out;
}

/** `WriteRequest { 1: TimeSeries { 1: Label { 1: name, 2: value }, 2: Sample { 1: value, 2: timestamp } } }` */
function readWriteRequest(message: Buffer): Series[] {
  return children(message, 1).map((series) => {
    const labels = children(series, 1).map((label) => [1, 2].map((field) => String(children(label, field)[0] ?? '')));
    const sample = children(series, 2).at(-1);
    return { labels: Object.fromEntries(labels), value: sample?.[0] === 0x09 ? sample.readDoubleLE(1) : 0 };
  });
}

/** The length-delimited fields of this number. */
function children(message: Buffer, wanted: number): Buffer[] {
  const found: Buffer[] = [];
  let at = 0;
  while (at < message.length) {
    const [key, afterKey] = varint(message, at);
    const wire = key & 7;
    if (wire === 2) {
      const [length, start] = varint(message, afterKey);
      if (key >> 3 === wanted) found.push(message.subarray(start, start + length));
      at = start + length;
    } else {
      at = wire === 1 ? afterKey + 8 : wire === 5 ? afterKey + 4 : varint(message, afterKey)[1];
    }
  }
  return found;
}

/** Value and place of the next byte. Timestamps lose their upper bits here, which nobody reads. */
function varint(bytes: Buffer, start: number): [value: number, next: number] {
  let value = 0;
  for (let at = start, factor = 1; ; at++, factor *= 128) {
    const byte = bytes.readUInt8(at);
    value += (byte & 127) * factor;
    if (byte < 128) return [value, at + 1];
  }
}
