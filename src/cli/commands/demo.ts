import type { Command } from '@commander-js/extra-typings';
import { shownAddress } from '../../address.ts';
import { BatonError } from '../../errors.ts';
import { agentServices } from '../../export/agent-services.ts';
import { buildTimelines, readOtlpJson, renderSessions } from '../../replay.ts';
import { loadSdk } from '../../set-up/installed.ts';
import { setUp } from '../../set-up/set-up.ts';
import { type ExitCode, type Terminal, wantsColor } from '../command.ts';
import { jaegerAt, whereToLook, whyNot } from '../demo/jaeger.ts';
import { runPipeline } from '../demo/pipeline.ts';
import { startReceiver } from '../demo/receiver.ts';

const SERVICE = 'support-escalation';

export function addDemo(program: Command, terminal: Terminal): void {
  program
    .command('demo')
    .summary('Run a pipeline of two agents and tell what happened')
    .description(
      `Runs the escalation pipeline of two agents, sends its spans over OTLP/HTTP to a small receiver inside the demo, and tells the session from what arrived there.

With --jaeger they go into a running Jaeger as well, and you get the addresses to open there. With OTEL_EXPORTER_OTLP_ENDPOINT set (http://localhost:4318, say) they go there, be it Jaeger, Tempo or any other backend.`,
    )
    .option(
      '--jaeger [URL]',
      'A Jaeger, by the address of its UI, with OTLP at port 4318 of that host (default: http://localhost:16686)',
    )
    .option('--no-color', 'No colours. Without it: as NO_COLOR, FORCE_COLOR and the terminal say')
    .addHelpText('after', '\nExit codes: 0 told, 1 spans are missing or the SDK is, 2 used wrongly.')
    .action(async (options) => {
      terminal.exitCode = await runDemo(options, terminal);
    });
}

interface Options {
  readonly jaeger?: string | true | undefined;
  readonly color: boolean;
}

async function runDemo(options: Options, terminal: Terminal): Promise<ExitCode> {
  const { stdout, stderr, env } = terminal;
  const endpoint = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT;
  const address = options.jaeger === true ? undefined : options.jaeger;
  const jaeger = options.jaeger ? jaegerAt(address, endpoint?.replace(/\/v1\/traces$/, '')) : undefined;
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
    const view = { color: options.color && wantsColor(terminal), width: stdout.columns };
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

/** A second exporter; what is not given comes from the standard variables. */
function toBackend(config: { readonly url?: string }): object {
  const sdk = loadSdk();
  return new sdk.trace.BatchSpanProcessor({ exporter: agentServices(sdk.createExporter(config) as never) });
}
