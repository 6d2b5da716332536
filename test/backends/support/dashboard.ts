import { readFileSync } from 'node:fs';

/** What of Grafana's dashboard matters here. */
export interface Dashboard {
  readonly uid: string;
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
  readonly panels: readonly Panel[];
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly Target[];
}

export interface Target {
  readonly datasource: { readonly type: string; readonly uid: string };
  /** Of Tempo: `traceql`, or `serviceMap`, which has no query. */
  readonly queryType?: string;
  readonly query?: string;
  readonly metricsQueryType?: string;
  /** Of Prometheus. */
  readonly expr?: string;
}

export function readDashboard(): Dashboard {
  return JSON.parse(readFileSync('deploy/grafana/dashboards/baton.json', 'utf8')) as Dashboard;
}

export function targetsOf({ panels }: Dashboard): readonly Target[] {
  return panels.flatMap(({ targets = [] }) => targets);
}
