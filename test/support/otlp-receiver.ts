import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { gunzipSync } from 'node:zlib';

/** Receives OTLP/JSON over HTTP on a free port of 127.0.0.1: keeps what arrives, as it arrived. */
export interface Receiver {
  readonly url: string;
  readonly requests: readonly OtlpRequest[];
  /** The bodies of the requests for `/v1/traces`, one OTLP/JSON object each. */
  readonly bodies: readonly string[];
  close(): Promise<void>;
}

export interface OtlpRequest {
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** The common name of the client's certificate, over TLS. */
  readonly client: string | undefined;
  /** Unzipped. */
  readonly body: string;
}

/** With a key and a certificate it speaks TLS, and asks the client for its certificate. */
export async function startReceiver(tls?: {
  readonly key: Buffer;
  readonly cert: Buffer;
  readonly ca: Buffer;
}): Promise<Receiver> {
  const requests: OtlpRequest[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const sent = Buffer.concat(chunks);
      requests.push({
        path: request.url,
        headers: request.headers,
        client: tls && String((request.socket as TLSSocket).getPeerCertificate().subject?.CN),
        body: (request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent).toString(),
      });
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  };
  const server = tls
    ? createTlsServer({ ...tls, requestCert: true, rejectUnauthorized: false }, answer)
    : createServer(answer);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    requests,
    get bodies() {
      return requests.filter(({ path }) => path === '/v1/traces').map(({ body }) => body);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
