import { parseArgs } from 'node:util';
import { shownAddress } from '../../address.ts';
import { BatonError } from '../../errors.ts';
import { agentServices } from '../../export/agent-services.ts';
import { buildTimelines, readOtlpJson, renderSessions } from '../../replay.ts';
import { loadSdk } from '../../set-up/installed.ts';
import { setUp } from '../../set-up/set-up.ts';
import { type Command, type ExitCode, UsageError } from '../command.ts';
import { type Jaeger, jaegerAt, whereToLook, whyNot } from '../demo/jaeger.ts';
import { runPipeline } from '../demo/pipeline.ts';
import { startReceiver } from '../demo/receiver.ts';
import { type Terminal, wantsColor } from '../terminal.ts';

const SERVICE = 'support-escalation';

const HELP = `Usage: otel-baton demo [options]

Runs the escalation pipeline of two agents, sends its spans over OTLP/HTTP to a
small receiver inside the demo, and tells the session from what arrived there.

With --jaeger they go into a running Jaeger as well, and you get the addresses
to open there. With OTEL_EXPORTER_OTLP_ENDPOINT set (http://localhost:4318, say)
they go there, be it Jaeger, Tempo or any other backend.

Options:
  --jaeger [URL]   A Jaeger, by the address of its UI. Default:
                   http://localhost:16686, with OTLP at port 4318 of that host.
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
  const { stdout, stderr, env } = terminal;
  const endpoint = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT;
  const { jaeger, color } = parse(args, endpoint?.replace(/\/v1\/traces$/, ''));
  const obstacle = jaeger && (await whyNot(jaeger));
  if (obstacle) {
    stderr.write(`otel-baton demo: ${obstacle}`);
    return 1;
  }
  const receiver = await startReceiver();
  try {
    const backend = endpoint || jaeger?.otlp;
    const second = backend ? [toBackend(endpoint ? {} : { url: `${backend}/v1/traces` })] : [];
    const registered = setUp(
      { serviceName: SERVICE, endpoint: receiver.url, spanProcessors: second },
      { OTEL_RESOURCE_ATTRIBUTES: env.OTEL_RESOURCE_ATTRIBUTES },
      () => loadSdk({ protocol: 'http/json' }),
    );
    const delivered = await runPipeline((progress) => stderr.write(`… ${progress}\n`));
    await registered.shutdown();

    const { spans } = readOtlpJson(receiver.bodies.join('\n'));
    const timelines = buildTimelines(spans);
    const view = { color: color && wantsColor(terminal), width: stdout.columns };
    stderr.write(`${spans.length} spans arrived over OTLP/HTTP at ${receiver.url}/v1/traces\n\n`);
    stdout.write(renderSessions(timelines, view));
    const [session] = timelines;
    const traceId = session?.traceIds[0];
    const shown = backend && shownAddress(backend);
    if (!delivered) stdout.write(`\nNot everything could be sent to ${shown}: is a collector listening there?\n`);
    if (!delivered || !session) return 1;
    if (jaeger) {
      const { text, isThere } = await whereToLook(jaeger, { id: session.id, service: SERVICE, traceId });
      stdout.write(`\n${text}`);
      return isThere ? 0 : 1;
    }
    if (backend) {
      stdout.write(`\nAlso sent to ${shown}: look for the service "${SERVICE}", or for the trace ${traceId}\n`);
    }
    return 0;
  } catch (error) {
    if (!(error instanceof BatonError)) throw error;
    stderr.write(`otel-baton demo: ${error.message}\n`);
    return 1;
  } finally {
    await receiver.close();
  }
}

function parse(args: readonly string[], endpoint: string | undefined): { jaeger?: Jaeger; color: boolean } {
  const { values, positionals } = parseArgs({
    // The address may be left out, which Node's parser does not know.
    args: args.flatMap((arg) => (arg.startsWith('--jaeger=') ? ['--jaeger', arg.slice('--jaeger='.length)] : [arg])),
    allowPositionals: true,
    options: { jaeger: { type: 'boolean', default: false }, 'no-color': { type: 'boolean', default: false } },
  });
  const color = !values['no-color'];
  if (positionals.length > (values.jaeger ? 1 : 0)) {
    throw new UsageError(`expected nothing but options, got "${shownAddress(positionals.at(-1) ?? '')}"`);
  }
  return values.jaeger ? { jaeger: jaegerAt(positionals[0], endpoint), color } : { color };
}

/** A second exporter; what is not given comes from the standard variables. */
function toBackend(config: { readonly url?: string }): object {
  const sdk = loadSdk();
  return new sdk.trace.BatchSpanProcessor({ exporter: agentServices(sdk.createExporter(config) as never) });
}
