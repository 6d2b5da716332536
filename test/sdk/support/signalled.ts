/** An app in a process of its own that gets a real signal. */
import { spawn } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { readOtlpJson } from '../../../src/replay.ts';
import { bundledSource } from '../../support/bundled-sources.ts';
import { type Receiver, startReceiver } from '../../support/otlp-receiver.ts';

const ROOT = new URL('../../..', import.meta.url);

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The names of the spans that arrived. */
  readonly arrived: readonly string[];
}

/** What each app has at hand: `ended(name)` makes a span, `register` is ours, and it lives until it is ended. */
const head = (): string => `
  import { trace } from '@opentelemetry/api';
  import { register } from '${pathToFileURL(bundledSource('sdk.ts')).href}';
  const ended = (name) => trace.getTracer('app').startSpan(name).end();
  const alive = setInterval(() => {}, 1_000);
`;

/** Runs the app until it says that it is ready, sends it the signals 50 ms apart, and waits for its end. */
export async function signalled(app: string, signals: readonly NodeJS.Signals[], endpoint?: string): Promise<Ended> {
  const receiver: Receiver = await startReceiver();
  const child = spawn(process.execPath, ['--input-type=module', '-e', `${head()}${app}\nconsole.log('ready');`], {
    cwd: fileURLToPath(ROOT),
    env: { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint ?? receiver.url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      if (stdout.includes('ready\n')) resolve();
    });
    child.once('exit', () => reject(new Error(`the app did not start: ${stderr}`)));
  });
  const exit = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  try {
    await ready;
    for (const signal of signals) {
      child.kill(signal);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { code, signal } = await exit;
    const arrived = readOtlpJson(receiver.bodies.join('\n')).spans.map(({ name }) => name);
    return { code, signal, stdout: stdout.replace('ready\n', ''), stderr, arrived: arrived.sort() };
  } finally {
    child.kill('SIGKILL');
    await receiver.close();
  }
}

/** Where nobody listens. */
export async function deadEndpoint(): Promise<string> {
  const receiver = await startReceiver();
  await receiver.close();
  return receiver.url;
}
