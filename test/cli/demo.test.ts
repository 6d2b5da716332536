import { afterEach, describe, expect, it } from '@jest/globals';
import { readOtlpJson } from '../../src/replay.ts';
import { type Receiver, startReceiver } from '../support/otlp-receiver.ts';
import { runCli } from './run-cli.ts';

let receiver: Receiver | undefined;

afterEach(async () => {
  await receiver?.close();
  receiver = undefined;
});

/** Times, ids and the port differ from run to run. */
const timeless = (text: string): string =>
  text
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '{session}')
    .replace(/\b[0-9a-f]{32}\b/g, '{trace}')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ UTC/g, '{when}')
    .replace(/127\.0\.0\.1:\d+/g, '{address}')
    .replace(/ *[+]?\d+(?:\.\d+)?(?:ms|s|µs)\b/g, ' {time}');

describe('otel-baton demo', () => {
  it('runs the pipeline and tells it from what arrived over OTLP/HTTP', async () => {
    const { code, stdout, stderr } = await runCli(['demo', '--no-color'], { env: { OTEL_EXPORTER_OTLP_ENDPOINT: '' } });
    expect(timeless(stderr)).toContain('7 spans arrived over OTLP/HTTP at http://{address}/v1/traces');
    const told = timeless(stdout);
    for (const line of [
      '✓ {session} · pipeline · completed in {time}',
      '● Support Ops Orchestrator',
      'step Triage ticket',
      'handoff → Response worker  accepted after {time}',
      'reason   Delegate customer response draft',
      'tool support.compose_reply  low risk',
      'path      Support Ops Orchestrator → Response worker',
    ]) {
      expect(told).toContain(line);
    }
    expect(code).toBe(0);
  }, 60_000);

  it('exports to a backend as well when one is named, with a service for each agent, and says where to look', async () => {
    receiver = await startReceiver();
    const { code, stdout } = await runCli(['demo'], { env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url } });
    const { spans } = readOtlpJson(receiver.bodies.join('\n'));
    expect(new Set(spans.map(({ resource }) => resource['service.name']))).toEqual(
      new Set(['support-escalation', 'support-ops-orchestrator', 'response-worker']),
    );
    expect(stdout).toContain(`Also sent to ${receiver.url}: look for the service "support-escalation"`);
    expect(stdout).toContain(spans[0]?.traceId);
    expect(code).toBe(0);
  }, 60_000);

  it('tells the session all the same when the backend is not there, and exits with 1', async () => {
    const { code, stdout, stderr } = await runCli(['demo'], {
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://ada:hunter2@127.0.0.1:1', OTEL_EXPORTER_OTLP_TIMEOUT: '300' },
    });
    expect(`${stdout}${stderr}`).not.toContain('hunter2');
    expect(stdout).toContain('Support Ops Orchestrator → Response worker');
    expect(stdout).toContain('Not everything could be sent to http://127.0.0.1:1: is a collector listening there?');
    expect(code).toBe(1);
  }, 60_000);

  it.each([
    [['--fast'], "unknown option '--fast'"],
    [['http://localhost:16686'], "too many arguments for 'demo'"],
    [['--jaeger', 'ftp://there'], `--jaeger: expected the address of Jaeger's UI, such as http://localhost:16686`],
  ])(
    'refuses %j, which it does not know',
    async (args, message) => {
      const { code, stderr } = await runCli(['demo', ...args], { env: { OTEL_EXPORTER_OTLP_ENDPOINT: '' } });
      expect(stderr).toContain(message);
      expect(code).toBe(2);
    },
    60_000,
  );
});
