import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { at, binaryOf, statusOf, takesOtlp } from './backends.ts';
import { freePorts } from './free-ports.ts';
import { type Program, startProgram } from './program.ts';

/** A Collector with a configuration of `deploy/collector/` that can be killed and started again, on its ports and its disk. */
export interface Tier {
  /** OTLP/HTTP, where it has that. */
  readonly otlp: string;
  /** `host:port` of OTLP/gRPC. */
  readonly grpc: string;
  start(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** `host:port` where Prometheus reads. */
  readonly metricsAddress: string;
  /** What it counted, as Prometheus would read it. */
  metrics(): Promise<readonly Sample[]>;
  remove(): Promise<void>;
}

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** @param env - its variables besides ports and folder */
export async function tier(
  config: 'collector' | 'agent' | 'gateway',
  env: Readonly<Record<string, string>>,
): Promise<Tier> {
  const [http, grpc, metrics] = await freePorts(3);
  const data = mkdtempSync(join(tmpdir(), `otel-baton-${config}-data-`));
  const prefix = config.toUpperCase();
  let program: Program | undefined;
  const kill = async (): Promise<void> => {
    await program?.stop();
    program = undefined;
  };
  return {
    otlp: at(http),
    grpc: `127.0.0.1:${grpc}`,
    async start() {
      program = await startProgram({
        name: config,
        command: [binaryOf('collector'), '--config', `deploy/collector/${config}.yaml`],
        env: () => ({
          [`${prefix}_OTLP_HTTP_PORT`]: String(http),
          [`${prefix}_OTLP_GRPC_PORT`]: String(grpc),
          [`${prefix}_METRICS_PORT`]: String(metrics),
          [`${prefix}_DATA`]: data,
          ...env,
        }),
        isReady: () => (config === 'gateway' ? takesConnections(grpc) : takesOtlp(at(http))),
      });
    },
    kill,
    metricsAddress: `127.0.0.1:${metrics}`,
    async metrics() {
      return (await statusOf(`${at(metrics)}/metrics`)).split('\n').flatMap(readSample);
    },
    async remove() {
      await kill();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

function takesConnections(port: number | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port ?? 0, '127.0.0.1')
      .once('connect', () => socket.end(() => resolve(true)))
      .once('error', () => resolve(false));
  });
}

function readSample(line: string): Sample[] {
  const [, name, labels = '', value] = /^([a-z_:][\w:]*)(?:\{(.*)\})? (\S+)/i.exec(line) ?? [];
  if (name === undefined) return [];
  const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, text]) => [key, text]);
  return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }];
}
