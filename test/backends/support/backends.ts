import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Backend, findBinary } from './binaries.ts';
import { freePorts } from './free-ports.ts';
import { type Program, startProgram } from './program.ts';

/** A backend with the configuration of `deploy/`, on ports of its own. */
export interface RunningBackend {
  /** Where OTLP/HTTP goes, without `/v1/traces`. */
  readonly otlp: string;
  /** Where it is asked. */
  readonly url: string;
  stop(): Promise<void>;
}

export type Ports = readonly (number | undefined)[];

const ATTEMPTS = 3;

/** @param more - further arguments: another `--config` is laid over ours */
export function startJaeger(...more: readonly string[]): Promise<RunningBackend> {
  return onFreePorts(5, (ports) => startJaegerOn(ports, ...more));
}

/** On ports that were found before: what sends there may be started first. */
export async function startJaegerOn(ports: Ports, ...more: readonly string[]): Promise<RunningBackend> {
  const [http, query, queryGrpc, grpc, health] = ports;
  const binary = binaryOf('jaeger');
  const assets = join(dirname(binary), 'jaeger-ui');
  const program = await startProgram({
    name: 'jaeger',
    command: [binary, '--config', 'deploy/jaeger/jaeger.yaml', ...more],
    env: (folder) => ({
      JAEGER_QUERY_PORT: String(query),
      JAEGER_QUERY_GRPC_PORT: String(queryGrpc),
      JAEGER_OTLP_HTTP_PORT: String(http),
      JAEGER_OTLP_GRPC_PORT: String(grpc),
      JAEGER_HEALTH_PORT: String(health),
      JAEGER_DATA: folder,
      ...(existsSync(assets) ? { JAEGER_UI_ASSETS: assets } : {}),
    }),
    isReady: async () => (await statusOf(`${at(health)}/status`)).includes('"StatusOK"'),
  });
  return running(program, at(http), at(query));
}

/** @param metricsUrl - where it writes the metrics of the service graph; without it, it makes none */
export function startTempo(metricsUrl?: string): Promise<RunningBackend> {
  return onFreePorts(5, async ([query, internal, http, grpc, members]) => {
    const program = await startProgram({
      name: 'tempo',
      command: [binaryOf('tempo'), '-config.file=deploy/tempo/tempo.yaml', '-config.expand-env=true'],
      env: (folder) => ({
        TEMPO_HTTP_PORT: String(query),
        TEMPO_GRPC_PORT: String(internal),
        TEMPO_OTLP_HTTP_PORT: String(http),
        TEMPO_OTLP_GRPC_PORT: String(grpc),
        TEMPO_MEMBERLIST_PORT: String(members),
        TEMPO_DATA: folder,
        TEMPO_TRACE_IDLE: '500ms',
        TEMPO_METRICS_INTERVAL: '1s',
        ...(metricsUrl === undefined ? {} : { TEMPO_METRICS: 'service-graphs', TEMPO_METRICS_URL: metricsUrl }),
      }),
      isReady: async () => (await statusOf(`${at(query)}/ready`)).startsWith('ready'),
    });
    return running(program, at(http), at(query));
  });
}

interface CollectorTargets {
  readonly jaeger?: RunningBackend;
  readonly tempo?: RunningBackend;
}

/** A Collector in front of one backend or of both. */
export function startCollector({ jaeger, tempo }: CollectorTargets): Promise<RunningBackend> {
  const exporters = [...(jaeger ? ['otlp_http/jaeger'] : []), ...(tempo ? ['otlp_http/tempo'] : [])];
  return onFreePorts(3, async ([http, grpc, metrics]) => {
    const program = await startProgram({
      name: 'collector',
      command: [binaryOf('collector'), '--config', 'deploy/collector/collector.yaml'],
      env: (folder) => ({
        COLLECTOR_OTLP_HTTP_PORT: String(http),
        COLLECTOR_OTLP_GRPC_PORT: String(grpc),
        COLLECTOR_METRICS_PORT: String(metrics),
        COLLECTOR_DATA: folder,
        COLLECTOR_EXPORTERS: `[${exporters.join(', ')}]`,
        ...(jaeger ? { JAEGER_OTLP: jaeger.otlp } : {}),
        ...(tempo ? { TEMPO_OTLP: tempo.otlp } : {}),
      }),
      isReady: () => takesOtlp(at(http)),
    });
    return running(program, at(http), at(http));
  });
}

/** A Collector has no address that says it: it is ready when it answers an empty request. */
export async function takesOtlp(url: string): Promise<boolean> {
  const body = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
  return (await fetch(`${url}/v1/traces`, body)).ok;
}

/** Between finding a port and using it, somebody else may take it: then once more with others. */
export async function onFreePorts<Result>(count: number, start: (ports: Ports) => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePorts(count));
    } catch (error) {
      if (attempt === ATTEMPTS || !String(error).includes('address already in use')) throw error;
    }
  }
}

export function binaryOf(backend: Backend): string {
  const binary = findBinary(backend);
  if (binary === undefined) throw new Error(`no ${backend}: use describeWith`);
  return binary;
}

export async function statusOf(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  return response.ok ? response.text() : '';
}

function running(program: Program, otlp: string, url: string): RunningBackend {
  return { otlp, url, stop: () => program.stop() };
}

export function at(port: number | undefined): string {
  return `http://127.0.0.1:${port}`;
}
