import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { runCli } from '../cli/run-cli.ts';
import { closedPort } from '../doctor/backend.ts';
import { type RunningBackend, startJaeger } from './support/backends.ts';
import { describeWith } from './support/describe-with.ts';
import { searchAsUi } from './support/search-page.ts';

jest.setTimeout(60_000);

describeWith(['jaeger'], 'otel-baton demo --jaeger', () => {
  let jaeger: RunningBackend;

  beforeAll(async () => {
    jaeger = await startJaeger();
  }, 60_000);

  afterAll(() => jaeger?.stop());

  it('sends the pipeline into a running Jaeger, and says what to open there', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: jaeger.otlp };
    const { code, stdout, stderr } = await runCli(['demo', '--jaeger', `${jaeger.url}/`], { env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('7 spans arrived over OTLP/HTTP') });
    const [trace = '', search = ''] = stdout.match(/(?<=^ {2})http.*$/gm) ?? [];
    expect(stdout).toContain('Support Ops Orchestrator → Response worker');
    expect(stdout).toContain(`7 spans are in Jaeger. Open\n  ${trace}\n  ${search}\n`);
    expect(trace).toMatch(new RegExp(`^${jaeger.url}/trace/[0-9a-f]{32}$`));
    const traceId = trace.split('/').at(-1);
    expect(await searchAsUi(new URL(search))).toEqual([traceId]);
  });

  it('sends all examples there from a clone, and lists what to open', async () => {
    const { stdout } = await promisify(execFile)('npm', ['run', '--silent', 'demo', '--', '--jaeger', jaeger.url], {
      env: { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: jaeger.otlp },
    });
    const sessions = stdout.match(/(?<=^✓ .+ · )[\w-]+(?: \(\w+\))? · completed/gm) ?? [];
    expect(sessions.filter((session) => session.startsWith('customer-service'))).toHaveLength(3);
    expect(sessions.length).toBeGreaterThanOrEqual(8);
    expect(stdout.match(/^ {2}http.*\/trace\/[0-9a-f]{32}/gm)).toHaveLength(sessions.length);
    expect(stdout).toContain(`${jaeger.url}/dependencies`);
  });

  it('says at once what to do when no Jaeger is there', async () => {
    const closed = await closedPort();
    const { code, stdout, stderr } = await runCli(['demo', `--jaeger=${jaeger.url}`], {
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: closed },
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`nobody answers at ${closed}/v1/traces, where Jaeger should take spans over OTLP/HTTP`);
    expect(stderr).toContain('docker run');
  });

  it('says that the spans are sent and cannot be looked at, when the address is not that of the UI', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: jaeger.otlp };
    const { code, stdout } = await runCli(['demo', '--jaeger', jaeger.otlp], { env });
    expect(code).toBe(1);
    expect(stdout).toContain('The spans were sent, but Jaeger at');
    expect(stdout).toContain("expected the address of Jaeger's API, such as http://localhost:16686");
  });
});
