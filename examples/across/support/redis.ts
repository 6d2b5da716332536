import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

export interface Redis {
  readonly port: string;
  stop(): Promise<void>;
}

/** Starts a separate Redis on a free port of 127.0.0.1, without persistence. */
export async function startRedis(): Promise<Redis> {
  const port = await freePort();
  const args = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'], cwd: '/' });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = (): Promise<void> => {
    child.kill('SIGTERM');
    return ended;
  };
  const isReady = async (): Promise<void> => {
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.includes('Ready to accept connections')) return void child.stdout.resume();
    }
    throw new Error('redis-server ended before it was ready');
  };
  await Promise.race([isReady(), once(child, 'error').then(([error]) => Promise.reject(error))]);
  return { port, stop };
}

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return String(typeof address === 'object' ? address?.port : address);
}
