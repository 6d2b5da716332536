import { parseArgs } from 'node:util';
import { BatonError } from '../../errors.ts';
import { agentServices } from '../../export/agent-services.ts';
import { loadSdk } from '../../export/otlp.ts';
import { buildTimelines, readOtlpJson, renderSessions } from '../../replay.ts';
import { register } from '../../sdk.ts';
import type { Command, ExitCode } from '../command.ts';
import { runPipeline } from '../demo/pipeline.ts';
import { startReceiver } from '../demo/receiver.ts';
import { type Terminal, wantsColor } from '../terminal.ts';

const SERVICE = 'support-escalation';

const HELP = `Usage: otel-baton demo [options]

Runs the escalation pipeline of two agents, sends its spans over OTLP/HTTP to a
small receiver inside the demo, and tells the session from what arrived there.

With OTEL_EXPORTER_OTLP_ENDPOINT set (http://localhost:4318, say) they go there
as well, so that you can look at them in Jaeger, Tempo or any other backend.

Options:
  --no-color       No colours. Without it: as NO_COLOR, FORCE_COLOR and the
                   terminal say.
  -h, --help       This text.

Exit codes: 0 told, 1 spans are missing or the SDK is, 2 used wrongly.
`;

export const demo: Command = {
  name: 'demo',
  summary: 'Run a pipeline of two agents and tell what happened',
  help: HELP,
  run: runDemo,
};

async function runDemo(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values } = parseArgs({ args: [...args], options: { 'no-color': { type: 'boolean', default: false } } });
  const { stdout, stderr, env } = terminal;
  const receiver = await startReceiver();
  try {
    const backend = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT;
    const registered = register(
      { serviceName: SERVICE, endpoint: receiver.url, spanProcessors: backend ? [toBackend()] : [] },
      { OTEL_RESOURCE_ATTRIBUTES: env.OTEL_RESOURCE_ATTRIBUTES },
    );
    const delivered = await runPipeline((progress) => stderr.write(`… ${progress}\n`));
    await registered.shutdown();

    const { spans } = readOtlpJson(receiver.bodies.join('\n'));
    const timelines = buildTimelines(spans);
    const view = { color: !values['no-color'] && wantsColor(terminal), width: stdout.columns };
    stderr.write(`${spans.length} spans arrived over OTLP/HTTP at ${receiver.url}/v1/traces\n\n`);
    stdout.write(renderSessions(timelines, view));
    if (backend) stdout.write(whereToLook(backend, delivered, timelines[0]?.traceIds[0]));
    return spans.length > 0 && delivered ? 0 : 1;
  } catch (error) {
    if (!(error instanceof BatonError)) throw error;
    stderr.write(`otel-baton demo: ${error.message}\n`);
    return 1;
  } finally {
    await receiver.close();
  }
}

/** A second exporter, set up by the standard variables alone. */
function toBackend(): object {
  const sdk = loadSdk();
  return new sdk.trace.BatchSpanProcessor({ exporter: agentServices(new sdk.exporter({}) as never) });
}

function whereToLook(backend: string, delivered: boolean, traceId: string | undefined): string {
  if (!delivered) return `\nNot everything could be sent to ${backend}: is a collector listening there?\n`;
  return `\nAlso sent to ${backend}: look for the service "${SERVICE}", or for the trace ${traceId}\n`;
}
