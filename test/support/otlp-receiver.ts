import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

// OTLP/JSON as it stands on the wire, as far as tests look at it.

interface OtlpValue {
  stringValue?: string;
  intValue?: number | string;
  doubleValue?: number;
  boolValue?: boolean;
  arrayValue?: { values: OtlpValue[] };
}

export interface OtlpAttribute {
  key: string;
  value: OtlpValue;
}

export interface OtlpSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: OtlpAttribute[];
  events: { name: string; timeUnixNano: string; attributes: OtlpAttribute[] }[];
  links: { traceId: string; spanId: string; attributes: OtlpAttribute[] }[];
  status: { code: number; message?: string };
}

interface OtlpScopeSpans {
  scope: { name: string; version?: string };
  spans: OtlpSpan[];
  schemaUrl?: string;
}

export interface OtlpTraces {
  resourceSpans: { resource: { attributes: OtlpAttribute[] }; scopeSpans: OtlpScopeSpans[] }[];
}

export interface OtlpReceiver {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: string;
  /** What was posted to `/v1/traces`, in the order of arrival. */
  readonly received: OtlpTraces[];
  close(): Promise<void>;
}

/** A backend on a loopback socket that accepts OTLP/HTTP with JSON, and nothing else. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const received: OtlpTraces[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const known = request.method === 'POST' && request.url === '/v1/traces';
    if (known && request.headers['content-type'] === 'application/json') {
      received.push(JSON.parse(Buffer.concat(chunks).toString('utf8')));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    } else {
      response.writeHead(known ? 415 : 404).end();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
