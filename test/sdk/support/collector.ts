/** A collector that remembers how it was asked: address, headers, and the spans, also when they came compressed. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { gunzipSync } from 'node:zlib';

export interface Asked {
  readonly path: string | undefined;
  readonly headers: IncomingMessage['headers'];
  /** The common name of the client's certificate. */
  readonly client: string | undefined;
  readonly spans: readonly OtlpSpan[];
  readonly resource: Readonly<Record<string, string>>;
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue: string };
}

export interface OtlpSpan {
  readonly name: string;
  readonly attributes: readonly Attribute[];
  readonly events: readonly { readonly attributes: readonly Attribute[] }[];
  readonly links: readonly { readonly attributes: readonly Attribute[] }[];
}

export interface Collector {
  readonly url: string;
  readonly asked: readonly Asked[];
  close(): Promise<void>;
}

export async function startCollector(tls?: {
  readonly key: Buffer;
  readonly cert: Buffer;
  readonly ca: Buffer;
}): Promise<Collector> {
  const asked: Asked[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const sent = Buffer.concat(chunks);
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
      const { resourceSpans } = JSON.parse(body.toString());
      const attributes: readonly Attribute[] = resourceSpans[0].resource.attributes;
      asked.push({
        path: request.url,
        headers: request.headers,
        client: tls ? String((request.socket as TLSSocket).getPeerCertificate().subject?.CN) : undefined,
        spans: resourceSpans.flatMap((each: { scopeSpans: { spans: OtlpSpan[] }[] }) =>
          each.scopeSpans.flatMap(({ spans }) => spans),
        ),
        resource: Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue])),
      });
      response.end('{}');
    });
  };
  const server = tls
    ? createTlsServer({ ...tls, requestCert: true, rejectUnauthorized: false }, answer)
    : createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
