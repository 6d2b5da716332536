import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';

/** A backend on a free port of 127.0.0.1 that answers as it is told, for one test. */
export interface Backend {
  readonly url: string;
  close(): Promise<void>;
}

export function httpBackend(listener: RequestListener): Promise<Backend> {
  return listen(
    createHttpServer((request, response) => {
      request.resume();
      request.once('end', () => listener(request, response));
    }),
  );
}

/** Speaks something that is not HTTP, as a port of gRPC does. */
export function otherBackend(): Promise<Backend> {
  return listen(
    createTcpServer((socket) =>
      socket
        .on('error', () => {})
        .resume()
        .end('\0\0\x12\x04 settings of HTTP/2'),
    ),
  );
}

async function listen(server: Server): Promise<Backend> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        (server as { closeAllConnections?: () => void }).closeAllConnections?.();
        server.close(() => resolve());
      }),
  };
}

/** A port that nobody listens on. */
export async function closedPort(): Promise<string> {
  const backend = await otherBackend();
  await backend.close();
  return backend.url;
}
