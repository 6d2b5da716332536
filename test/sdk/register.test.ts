import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Receiver, startReceiver } from '../../src/cli/demo/receiver.ts';
import { type RecordedSpan, readOtlpJson } from '../../src/replay.ts';
import { register } from '../../src/sdk.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const source = (name: string): string => pathToFileURL(join(ROOT, 'src', name)).href;

let receiver: Receiver;
let folder: string;

beforeEach(async () => {
  receiver = await startReceiver();
  // Inside the project, so that it finds the packages that are installed there.
  folder = await mkdtemp(join(ROOT, 'temp-register-'));
});

afterEach(async () => {
  await receiver.close();
  await rm(folder, { recursive: true, force: true });
});

const APP = `
  import { Baton } from '${source('index.ts')}';
  const baton = new Baton({ agent: 'triage' });
  await baton.withSession({ id: 'ticket-1' }, () => baton.withRun({}, async () => {}));
`;

/** Runs an app as `node --import tsx [flags] app.mjs` and gives what arrived. */
async function runApp(
  app: string,
  { flags = [], env = {} }: { readonly flags?: string[]; readonly env?: Record<string, string> } = {},
): Promise<{ spans: readonly RecordedSpan[]; stderr: string }> {
  const file = join(folder, 'app.mjs');
  await writeFile(file, app);
  const { stderr } = await promisify(execFile)(process.execPath, ['--import', 'tsx', ...flags, file], {
    cwd: ROOT,
    env: { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...env },
  });
  return { spans: readOtlpJson(receiver.bodies.join('\n')).spans, stderr };
}

const services = (spans: readonly RecordedSpan[]): unknown[] =>
  spans.map(({ name, resource }) => [name, resource['service.name'], resource['service.namespace']]).sort();

describe('node --import otel-baton/register', () => {
  const flags = ['--import', source('register.ts')];

  it('sends what the app records, without a line of set-up in it, and flushes at its natural end', async () => {
    const { spans } = await runApp(APP, { flags, env: { OTEL_SERVICE_NAME: 'support' } });
    expect(services(spans)).toEqual([
      ['invoke_agent triage', 'triage', 'support'],
      ['invoke_workflow', 'support', undefined],
    ]);
    const [run] = spans.filter(({ name }) => name === 'invoke_agent triage');
    expect(run?.parentSpanId).toBe(spans.find(({ name }) => name === 'invoke_workflow')?.spanId);
    expect(run?.resource['host.name']).toEqual(expect.any(String));
    expect(run?.resource['process.command_args']).toBeUndefined();
  }, 60_000);

  it('reads the standard variables', async () => {
    const { spans } = await runApp(APP, {
      flags,
      env: { OTEL_RESOURCE_ATTRIBUTES: 'service.name=shop,service.version=7,team=a', OTEL_TRACES_SAMPLER: 'always_on' },
    });
    expect(spans.map(({ resource }) => [resource['service.version'], resource.team])).toEqual([
      ['7', 'a'],
      ['7', 'a'],
    ]);
    const before = receiver.bodies.length;
    await runApp(APP, { flags, env: { OTEL_TRACES_SAMPLER: 'parentbased_always_off' } });
    await runApp(APP, { flags, env: { OTEL_TRACES_EXPORTER: 'none' } });
    await runApp(APP, { flags, env: { OTEL_SDK_DISABLED: 'true' } });
    expect(receiver.bodies).toHaveLength(before);
  }, 60_000);

  it('joins a provider that is there already, and says so', async () => {
    await writeFile(
      join(folder, 'own.mjs'),
      `
        import { trace } from '@opentelemetry/api';
        import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
        import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
        trace.setGlobalTracerProvider(
          new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(new OTLPTraceExporter())] }),
        );
      `,
    );
    const { spans, stderr } = await runApp(`${APP}; await baton.flush();`, {
      flags: ['--import', pathToFileURL(join(folder, 'own.mjs')).href, ...flags],
    });
    expect(stderr).toContain('a tracer provider is registered already; joined it, nothing was set up');
    expect(spans.map(({ name }) => name).sort()).toEqual(['invoke_agent triage', 'invoke_workflow']);
    for (const { resource } of spans) expect(resource['service.name']).toMatch(/^unknown_service:/);
  }, 60_000);
});

describe('register', () => {
  it('lets options win over variables, and leaves the services alone when told to', async () => {
    const { spans } = await runApp(
      `
        import { register } from '${source('sdk.ts')}';
        const { flush, shutdown } = register({
          serviceName: 'given', endpoint: process.env.GIVEN, agentServices: false,
        });
        ${APP}
        console.error(await flush(), await shutdown(), await shutdown(), await flush());
      `,
      {
        env: { OTEL_SERVICE_NAME: 'variable', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', GIVEN: receiver.url },
      },
    );
    expect(services(spans)).toEqual([
      ['invoke_agent triage', 'given', undefined],
      ['invoke_workflow', 'given', undefined],
    ]);
  }, 60_000);

  it('flushes on a signal when asked to, and then lets the signal do what it does', async () => {
    const app = `
      import { register } from '${source('sdk.ts')}';
      register({ signals: true });
      ${APP}
      setInterval(() => {}, 1_000);
      process.kill(process.pid, 'SIGTERM');
    `;
    await expect(runApp(app)).rejects.toMatchObject({ signal: 'SIGTERM' });
    expect(readOtlpJson(receiver.bodies.join('\n')).spans).toHaveLength(2);
  }, 60_000);

  it.each<[string, object, RegExp]>([
    [
      'an endpoint without a scheme',
      { endpoint: 'localhost:4318' },
      /endpoint: expected an address such as .* got "localhost:4318"/,
    ],
    ['a service name that is no text', { serviceName: 7 }, /serviceName: expected a string, got 7/],
  ])('refuses %s', (_, options, message) => {
    expect(() => register(options)).toThrow(message);
  });
});
