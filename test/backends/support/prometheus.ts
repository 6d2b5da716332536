import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { at, binaryOf, onFreePorts, statusOf } from './backends.ts';
import { startProgram } from './program.ts';

export interface Prometheus {
  /** What it answers to a query, each series by its labels. */
  query(expression: string): Promise<readonly { metric: Record<string, string>; value: [number, string] }[]>;
  stop(): Promise<void>;
}

/** With the configuration of `deploy/`, but for the addresses that it reads and how often. */
export function startPrometheus(targets: readonly string[]): Promise<Prometheus> {
  return onFreePorts(1, async ([port]) => {
    const folder = mkdtempSync(join(tmpdir(), 'otel-baton-prometheus-data-'));
    const config = readFileSync('deploy/prometheus/prometheus.yaml', 'utf8')
      .replace('["collector:8889"]', JSON.stringify(targets))
      .replace('scrape_interval: 15s', 'scrape_interval: 500ms');
    writeFileSync(join(folder, 'prometheus.yaml'), config);
    const program = await startProgram({
      name: 'prometheus',
      command: [
        binaryOf('prometheus'),
        `--config.file=${folder}/prometheus.yaml`,
        '--web.enable-remote-write-receiver',
        `--web.listen-address=127.0.0.1:${port}`,
        `--storage.tsdb.path=${folder}/data`,
      ],
      env: () => ({}),
      isReady: async () => (await statusOf(`${at(port)}/-/ready`)).includes('Ready'),
    });
    return {
      async query(expression) {
        const response = await fetch(`${at(port)}/api/v1/query?query=${encodeURIComponent(expression)}`);
        const { data, error } = (await response.json()) as { data?: { result: [] }; error?: string };
        if (!data) throw new Error(`${expression}: ${error}`);
        return data.result;
      },
      async stop() {
        await program.stop();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  });
}
