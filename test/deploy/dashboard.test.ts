import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { type Panel, readDashboard, targetsOf } from '../backends/support/dashboard.ts';

// Grafana does not run here: what can be said of its files without it. What the dashboard asks, test/backends asks.

interface DataSources {
  readonly datasources: readonly { readonly uid: string; readonly type: string; readonly jsonData: object }[];
}

const dashboard = readDashboard();
const { datasources } = parse(
  readFileSync('deploy/grafana/provisioning/datasources/baton.yaml', 'utf8'),
) as DataSources;

it('every panel asks a data source that is provisioned', () => {
  const provisioned = datasources.map(({ type, uid }) => ({ type, uid }));
  for (const { datasource } of targetsOf(dashboard)) expect(provisioned).toContainEqual(datasource);
  for (const { type, targets } of dashboard.panels) expect(targets?.length ?? 0).toBe(type === 'row' ? 0 : 1);
});

it('data sources know each other by ids that exist', () => {
  const uids = datasources.map(({ uid }) => uid);
  const named = [...JSON.stringify(datasources).matchAll(/"datasourceUid":"(.+?)"/g)].map(([, uid]) => uid);
  expect(named).not.toHaveLength(0);
  expect(uids).toEqual(expect.arrayContaining(named));
});

it('panels have ids of their own and do not overlap', () => {
  expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  const cells = dashboard.panels.flatMap(cellsOf);
  expect(new Set(cells).size).toBe(cells.length);
});

it('queries use the variables that there are', () => {
  const asked = targetsOf(dashboard).map(({ query, expr }) => query ?? expr ?? '');
  const used = asked.flatMap((text) => [...text.matchAll(/\$(\w+)/g)].map(([, name = '']) => name));
  const ours = used.filter((name) => !name.startsWith('__'));
  expect(new Set(ours)).toEqual(new Set(dashboard.templating.list.map(({ name }) => name)));
});

it('dashboards are looked for where the containers have them', () => {
  const { providers } = parse(readFileSync('deploy/grafana/provisioning/dashboards/baton.yaml', 'utf8'));
  const { services } = parse(readFileSync('deploy/docker-compose.yaml', 'utf8'));
  const [{ options }] = providers;
  expect(services.grafana.volumes).toContain(`./grafana/dashboards:${options.path}:ro`);
  expect(existsSync('deploy/grafana/dashboards/baton.json')).toBe(true);
});

/** Grafana's grid is 24 wide. */
function cellsOf({ gridPos: { x, y, w, h } }: Panel): string[] {
  expect(x + w).toBeLessThanOrEqual(24);
  return Array.from({ length: w * h }, (_, index) => `${x + (index % w)}/${y + Math.floor(index / w)}`);
}
