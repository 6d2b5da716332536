import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readOtlpJson } from '../../src/replay.ts';
import { type Backend, closedPort, httpBackend } from '../doctor/backend.ts';
import { type Receiver, startReceiver } from '../support/otlp-receiver.ts';
import { runCli } from './run-cli.ts';

let folder: string;
let receiver: Receiver;
let backend: Backend | undefined;

beforeEach(async () => {
  // Inside the project, so that it finds the packages that are installed there.
  folder = mkdtempSync('temp-doctor-');
  receiver = await startReceiver();
});

afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await receiver.close();
  await backend?.close();
  backend = undefined;
});

function file(name: string, code: string): string {
  const path = join(folder, name);
  writeFileSync(path, code);
  return `./${path}`;
}

const OWN = `
  import { trace } from '@opentelemetry/api';
  import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
  import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())] }),
  );
`;

describe('otel-baton doctor', () => {
  it('examines the set-up from the standard variables, and says where to look for the test session', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
    const { code, stdout, stderr } = await runCli(['doctor'], { env });
    expect(stderr).toContain('Examines the set-up of otel-baton/register, from the OTEL_* variables');
    const [, id] = /All is well\. Look for the session in your backend: session\.id = (\S+)\n$/.exec(stdout) ?? [];
    const { spans } = readOtlpJson(receiver.bodies.join('\n'));
    expect(spans.map(({ attributes }) => attributes['session.id'])).toEqual(Array(7).fill(id));
    expect(code).toBe(0);
  }, 60_000);

  it('examines a set-up that is given, and warns of what it lacks', async () => {
    const { code, stdout, stderr } = await runCli(['doctor', '--import', file('own.mjs', OWN)], {
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
    });
    expect(stderr).toContain(`Examines the set-up of ./${folder}/own.mjs.`);
    expect(stdout).toContain('✓ a tracer provider is registered (BasicTracerProvider)\n! there is no context manager');
    expect(stdout).toContain('✓ OTLPTraceExporter to');
    expect(code).toBe(0);
  }, 60_000);

  it('exits with 1 for a problem, and tells scripts which', async () => {
    const endpoint = await closedPort();
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint };
    const { code, stdout } = await runCli(['doctor', '--json', '--timeout', '3000'], { env });
    const { ok, findings } = JSON.parse(stdout);
    expect(ok).toBe(false);
    expect(findings).toContainEqual({
      code: 'endpoint',
      level: 'problem',
      message: `${endpoint}/v1/traces cannot be reached: nobody listens there`,
      fix: 'start the collector, or correct the endpoint',
    });
    expect(code).toBe(1);
  }, 60_000);

  it('tells what a backend rejects of an export that it took', async () => {
    const answer = JSON.stringify({ partialSuccess: { rejectedSpans: 3, errorMessage: 'attributes too long' } });
    backend = await httpBackend((_, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(answer),
    );
    const { stdout } = await runCli(['doctor'], { env: { OTEL_EXPORTER_OTLP_ENDPOINT: backend.url } });
    expect(stdout).toMatch(/! OpenTelemetry says: .*Partial Success.*"rejectedSpans":3.*attributes too long/);
  }, 60_000);

  it('says that a set-up cannot be loaded', async () => {
    const { code, stdout } = await runCli(['doctor', '--require', file('own.cjs', 'require("no-such-package")')]);
    expect(stdout).toContain(`✗ ./${folder}/own.cjs cannot be loaded: Cannot find module 'no-such-package'`);
    expect(code).toBe(1);
  }, 60_000);

  it.each([
    [['--endpoint', 'localhost:4318'], '--endpoint: expected an address such as http://localhost:4318/v1/traces, got'],
    [['--timeout', 'soon'], '--timeout: expected milliseconds, got "soon"'],
  ])(
    'refuses %p',
    async (args, message) => {
      const { code, stderr } = await runCli(['doctor', ...args]);
      expect(stderr).toContain(message);
      expect(code).toBe(2);
    },
    60_000,
  );

  it('prints nothing that a terminal obeys, of whatever an endpoint answers, and no password', async () => {
    backend = await httpBackend((_, response) =>
      response.writeHead(500).end('\u001b]0;OWNED\u0007\u001b[2J\u202egpj.exe'),
    );
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: backend.url.replace('//', '//ada:hunter2@') };
    for (const flags of [[], ['--json']]) {
      const { stdout, stderr } = await runCli(['doctor', '--timeout', '3000', ...flags], { env });
      expect(stdout).toContain('gpj.exe');
      expect(`${stdout}${stderr}`).not.toMatch(/[^\P{C}\n]|hunter2/u);
    }
  }, 60_000);

  it.each([
    [['doctor', '--endpoint', 'ada:hunter2@host/v1/traces'], 'got "host/v1/traces"'],
    [['doctor', 'ada:hunter2@host'], "too many arguments for 'doctor'"],
    [['doctor', 'https://ada:hunter2@host'], "too many arguments for 'doctor'"],
    [['demo', '--jaeger', 'ftp://ada:hunter2@host'], 'got "ftp://host"'],
    [['demo', 'http://ada:hunter2@host:16686'], "too many arguments for 'demo'"],
    [['demo', '--jeager=http://ada:hunter2@host:16686'], "unknown option '--jeager'"],
    [['replay', 'x', '--jaeger', 'ftp://ada:hunter2@host'], 'got ftp://host'],
    [['replay', 'x', '--jaeger', 'http://:hunter2@127.0.0.1:9'], 'http://127.0.0.1:9 does not answer'],
  ])(
    'and its neighbours repeat no password: %j',
    async (args, message) => {
      const { stdout, stderr } = await runCli(args, { env: { OTEL_EXPORTER_OTLP_ENDPOINT: '' } });
      expect(stderr).toContain(message);
      expect(`${stdout}${stderr}`).not.toContain('hunter2');
    },
    60_000,
  );
});
