import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type RecordedSpan, readOtlpJson } from '../../src/replay.ts';
import { register } from '../../src/sdk.ts';
import { bundledSource } from '../support/bundled-sources.ts';
import { type Receiver, startReceiver } from '../support/otlp-receiver.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const source = (name: string): string => pathToFileURL(bundledSource(name)).href;

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

/** Runs an app as `node [flags] app.mjs` and gives what arrived. */
async function runApp(
  app: string,
  { flags = [], env = {} }: { readonly flags?: string[]; readonly env?: Record<string, string> } = {},
): Promise<{ spans: readonly RecordedSpan[]; stdout: string; stderr: string }> {
  const file = join(folder, 'app.mjs');
  await writeFile(file, app);
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [...flags, file], {
    cwd: ROOT,
    env: { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...env },
  });
  return { spans: readOtlpJson(receiver.bodies.join('\n')).spans, stdout, stderr };
}

/** Beside the app, an SDK that comes before the installed one. */
async function brokenSdk(version: string, code: string): Promise<void> {
  const sdk = join(folder, 'node_modules/@opentelemetry/sdk-trace');
  await mkdir(sdk, { recursive: true });
  await writeFile(join(sdk, 'package.json'), JSON.stringify({ name: '@opentelemetry/sdk-trace', version }));
  await writeFile(join(sdk, 'index.js'), code);
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

describe('what is wrong with a set-up', () => {
  const REGISTER = `
    import { diag, trace } from '@opentelemetry/api';
    import { register } from '${source('sdk.ts')}';
    const telemetry = register();
    trace.getTracer('app').startSpan('work').end();
    console.error('flushed', await telemetry.flush());
  `;
  const junk = { OTEL_BSP_SCHEDULE_DELAY: 'soon' };
  const WARNING =
    'OTEL_BSP_SCHEDULE_DELAY: expected a whole number from 0 to 2147483647, got "soon"; the default, 5000, holds';

  it('is told in one line on standard error, and nothing that OpenTelemetry says later', async () => {
    const { stderr } = await runApp(REGISTER, { env: junk });
    expect(stderr).toBe(`otel-baton: ${WARNING}\nflushed true\n`);
    const away = await runApp(REGISTER, {
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_EXPORTER_OTLP_TIMEOUT: '50' },
    });
    expect(away.stderr).toBe('flushed false\n');
  }, 60_000);

  it("is told from the level on that OTEL_LOG_LEVEL names, with OpenTelemetry's own words, and never on standard output", async () => {
    expect((await runApp(REGISTER, { env: { ...junk, OTEL_LOG_LEVEL: 'none' } })).stderr).toBe('flushed true\n');
    expect((await runApp(REGISTER, { env: { ...junk, OTEL_LOG_LEVEL: 'error' } })).stderr).toBe('flushed true\n');
    expect((await runApp(REGISTER, { env: { ...junk, OTEL_LOG_LEVEL: 'WARN' } })).stderr).toBe(
      `otel-baton: ${WARNING}\nflushed true\n`,
    );
    const all = await runApp(REGISTER, { env: { OTEL_LOG_LEVEL: 'all' } });
    expect(all.stderr).toMatch(/^otel-baton: OTLPExportDelegate items to be sent/m);
    expect(all.stdout).toBe('');
  }, 60_000);

  it('goes to the logger that the app has', async () => {
    const app = REGISTER.replace(
      'const telemetry',
      `
      const hear = (message) => console.error('mine:', message);
      diag.setLogger({ error: hear, warn: hear, info() {}, debug() {}, verbose() {} });
      const telemetry`,
    );
    const { stderr } = await runApp(app, { env: { ...junk, OTEL_LOG_LEVEL: 'none' } });
    expect(stderr).toBe(`mine: ${WARNING}\nflushed true\n`);
  }, 60_000);

  it('lets an app run whose SDK breaks when it is loaded', async () => {
    await brokenSdk('2.12.0', "throw new TypeError('broken\\ninstall');");
    const { stderr, stdout } = await runApp("console.log('runs');", { flags: ['--import', source('register.ts')] });
    expect(stdout).toBe('runs\n');
    expect(stderr).toBe(
      "otel-baton: the app runs without telemetry. OpenTelemetry's SDK cannot be loaded: broken install [sdk_not_installed]\n",
    );
  }, 60_000);

  it('is told once, however often an app asks, and the registration does nothing', async () => {
    await brokenSdk('1.30.1', '');
    const { stderr, stdout } = await runApp(`
      import { register } from '${source('sdk.ts')}';
      const all = [register({ signals: true }), register()];
      for (const each of all) console.log(each.joined, await each.flush(), await each.shutdown());
      for (const name of ['SIGTERM', 'beforeExit']) console.log(process.listenerCount(name));
    `);
    expect(stdout).toBe('false true true\nfalse true true\n0\n0\n');
    expect(stderr.match(/otel-baton:/g)).toHaveLength(1);
    expect(stderr).toContain("OpenTelemetry's SDK 1.x is too old");
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
    ['an endpoint without a host', { endpoint: 'http://' }, /endpoint: expected an address/],
    ['a service name that is no text', { serviceName: 7 }, /serviceName: expected a string, got 7/],
    ['headers that are no texts', { headers: { key: 7 } }, /headers\["key"\]: expected a string, got 7/],
    ['a resource that is a list', { resource: [] }, /resource: expected an object of strings, got an array of 0/],
    ['a sampler that does not sample', { sampler: {} }, /sampler: expected a sampler of the SDK, got an object/],
    [
      'a processor that is none',
      { spanProcessors: [{}] },
      /spanProcessors\[0\]: expected a span processor, got an object/,
    ],
    [
      'a signal that nobody can listen to',
      { signals: ['SIGKILL'] },
      /signals: expected names of signals .*got "SIGKILL"/,
    ],
    ['signals by number', { signals: [15] }, /signals: expected names of signals .*got 15/],
  ])('refuses %s', (_, options, message) => {
    expect(() => register(options)).toThrow(message);
  });
});
