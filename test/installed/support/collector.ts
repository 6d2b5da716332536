import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttp2, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { gunzipSync } from 'node:zlib';

/** What came to a collector that takes protobuf, over HTTP or gRPC, and looks at nothing but headers and unpacked bytes. */
export interface Collector {
  readonly url: string;
  readonly got: readonly { readonly key: unknown; readonly type: unknown }[];
  bytes(): string;
  close(): Promise<void>;
}

export async function startCollector(grpc: boolean): Promise<Collector> {
  const got: { key: unknown; type: unknown }[] = [];
  const bodies: Buffer[] = [];
  const take = (request: IncomingMessage | Http2ServerRequest, done: () => void): void => {
    got.push({ key: request.headers['x-key'], type: request.headers['content-type'] });
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      bodies.push(unpacked(Buffer.concat(chunks), request.headers['content-encoding'] === 'gzip'));
      done();
    });
  };
  const server = grpc
    ? createHttp2((request: Http2ServerRequest, response: Http2ServerResponse) => {
        take(request, () => {
          response.writeHead(200, { 'content-type': 'application/grpc' });
          response.addTrailers({ 'grpc-status': '0' });
          // An empty message: no compression, no bytes.
          response.end(Buffer.alloc(5));
        });
      })
    : createHttp((request: IncomingMessage, response: ServerResponse) => take(request, () => response.end()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    got,
    bytes: () => Buffer.concat(bodies).toString('latin1'),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        if ('closeAllConnections' in server) server.closeAllConnections();
      }),
  };
}

/** A message of gRPC says in its first byte whether it is packed, and in the next four how long it is. */
function unpacked(body: Buffer, gzip: boolean): Buffer {
  if (gzip) return gunzipSync(body);
  return body[0] === 1 ? gunzipSync(body.subarray(5)) : body;
}
