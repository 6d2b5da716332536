import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { buildTimelines, type RecordedSpan } from '../../src/replay.ts';
import { type RunningBackend, startJaeger } from './support/backends.ts';
import { startBrowser } from './support/browser.ts';
import { describeWith } from './support/describe-with.ts';
import { allInJaeger } from './support/in-jaeger.ts';
import { JaegerPage } from './support/jaeger-page.ts';

// What people see, in the real UI in a real browser. UPDATE_IMAGES=1 makes the pictures of the documentation anew.

jest.setTimeout(60_000);

describeWith(['jaeger', 'chromium'], 'in the UI of Jaeger', () => {
  const images = process.env.UPDATE_IMAGES === '1' ? 'docs/images' : mkdtempSync(join(tmpdir(), 'otel-baton-images-'));
  const running: RunningBackend[] = [];
  let browser: Browser;
  let tab: JaegerPage;
  let jaeger: RunningBackend;
  let service: RunningBackend;
  let pipeline: readonly RecordedSpan[];
  let overnight: readonly RecordedSpan[];

  beforeAll(async () => {
    jaeger = await startJaeger();
    running.push(jaeger);
    service = await startJaeger();
    running.push(service);
    await run('src/cli/main.ts', ['demo'], jaeger, 'demo');
    await run('examples/across/overnight.ts', [], jaeger, 'support');
    await run('examples/003-customer-service.ts', [], service, 'customer-service');
    browser = await startBrowser();
    const spans = await allInJaeger(jaeger);
    const sessions = buildTimelines(spans).map(({ id }) => spans.filter((span) => sessionOf(span) === id));
    pipeline = sessions.find((each) => traceIdsOf(each).length === 1) ?? [];
    overnight = sessions.find((each) => traceIdsOf(each).length === 2) ?? [];
  });

  beforeEach(async () => {
    const context = await browser.newContext({
      viewport: { width: 1500, height: 900 },
      locale: 'en',
      timezoneId: 'UTC',
    });
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    tab = new JaegerPage(page, jaeger.url);
  });

  afterEach(() => tab.page.context().close());

  afterAll(async () => {
    await browser?.close();
    await Promise.all(running.map((each) => each.stop()));
    if (!images.startsWith('docs')) rmSync(images, { recursive: true });
  });

  const picture = async (name: string, height: number): Promise<void> => {
    await tab.picture(height, join(images, name));
    expect(statSync(join(images, name)).size).toBeGreaterThan(10_000);
  };

  it('the pipeline is one trace, with a colour for each agent', async () => {
    await tab.openTrace(traceIdsOf(pipeline)[0] ?? '');
    const rows = await tab.rows();
    expect(rows.map((row) => `${row.service}: ${row.span}`)).toEqual([
      'support-escalation: invoke_workflow pipeline',
      'support-ops-orchestrator: invoke_agent Support Ops Orchestrator',
      'support-ops-orchestrator: run_step triage-ticket',
      'support-ops-orchestrator: handoff response-worker',
      'response-worker: accept_handoff support-ops-orchestrator',
      'response-worker: invoke_agent Response worker',
      'response-worker: execute_tool support.compose_reply',
    ]);
    const coloursOf = (name: string) => new Set(rows.filter((row) => row.service === name).map(({ colour }) => colour));
    const services = [...new Set(rows.map((row) => row.service))];
    for (const name of services) expect([name, coloursOf(name).size]).toEqual([name, 1]);
    expect(new Set(rows.map(({ colour }) => colour)).size).toBe(services.length);
    // Jaeger says so in the header when parents are missing, and at a span that it corrected.
    expect(await tab.page.getByText(/incomplete|warning/i).count()).toBe(0);
    await tab.widenNames(0.36);
    await picture('jaeger-pipeline.png', 490);
  });

  it('an opened handoff says why, with what, and what came of it', async () => {
    await tab.openTrace(traceIdsOf(pipeline)[0] ?? '');
    const details = await tab.openSpan('handoff response-worker');
    const table = await details.locator('table').first().innerText();
    const attributes = table.replace(/\s+/g, ' ');
    expect(attributes).toContain('baton.handoff.reason Delegate customer response draft');
    expect(attributes).toContain('baton.handoff.source support-ops-orchestrator');
    expect(attributes).toContain('baton.handoff.target response-worker');
    expect(attributes).toContain('baton.handoff.status accepted');
    expect(attributes).toMatch(/payload_summary.*ticketId.*SUP-123.*priority.*urgent/);
    // What matters comes first.
    expect(attributes).toMatch(/^session\.id \S+ baton\./);
    await tab.widenNames(0.36);
    // Below it is what the machine is called.
    await picture('jaeger-handoff.png', 866);
  });

  it('a click leads from the handoff to the run that took it, and from there back', async () => {
    const asked = spanOf(pipeline, 'handoff response-worker');
    const taken = spanOf(pipeline, 'invoke_agent Response worker');
    await tab.openTrace(asked.traceId);
    await tab.row('handoff response-worker').locator('.ReferencesButton-MultiParent').click();
    await tab.page.waitForURL(`**/trace/${asked.traceId}?uiFind=${taken.spanId}`);
    await tab.page.getByRole('heading', { name: 'invoke_agent Response worker' }).waitFor();

    await tab.openTrace(asked.traceId);
    await tab.row('invoke_agent Response worker').locator('.ReferencesButton-MultiParent').click();
    await tab.page.waitForURL(`**/trace/${asked.traceId}?uiFind=${asked.spanId}`);
    await tab.page.getByRole('heading', { name: 'handoff response-worker' }).waitFor();
  });

  it('a click leads from the morning after to where the session stopped, in another trace', async () => {
    const resumed = overnight.find(({ traceId, links }) => links.some((link) => link.traceId !== traceId));
    const [stopped] = resumed?.links ?? [];
    await tab.openTrace(resumed?.traceId ?? '');
    const row = tab.row(resumed?.name ?? '').first();
    const other = await tab.follow(row.locator('.ReferencesButton-MultiParent'));
    await other.page.waitForURL(`**/trace/${stopped?.traceId}?uiFind=${stopped?.spanId}`);
    expect(await other.rows()).toHaveLength(overnight.filter(({ traceId }) => traceId === stopped?.traceId).length);
  });

  it('a session is found by its id, all its traces and no other', async () => {
    const attributes = `session.id=${sessionOf(overnight[0])}`;
    await tab.search('billing', attributes);
    expect(await tab.found()).toEqual(traceIdsOf(overnight));
    await tab.page.getByText('List', { exact: true }).click();
    await picture('jaeger-search.png', 670);
  });

  it('a click on its id finds the session, a click on the id of a handoff both its ends', async () => {
    await tab.openTrace(traceIdsOf(overnight)[0] ?? '');
    const first = await tab.openSpan('await_approval issue_refund');
    const session = await tab.follow(first.getByTitle(/^All traces of session/));
    expect(await session.found()).toEqual(traceIdsOf(overnight));

    await tab.openTrace(traceIdsOf(pipeline)[0] ?? '');
    const handoff = await tab.openSpan('handoff response-worker');
    const ends = await tab.follow(handoff.getByTitle('Both ends of this handoff'));
    expect(await ends.found()).toEqual(traceIdsOf(pipeline));
  });

  it('the architecture has an edge for each pair of agents that hands work over', async () => {
    tab = new JaegerPage(tab.page, service.url);
    await tab.openArchitecture();
    const { nodes, calls } = await tab.architecture();
    expect(nodes).toEqual(['billing_agent', 'customer-service', 'order_agent', 'receptionist', 'tech_agent']);
    const response = await fetch(`${service.url}/api/dependencies?endTs=${Date.now() + 60_000}&lookback=3600000`);
    const { data } = (await response.json()) as { data: { parent: string; child: string; callCount: number }[] };
    expect(calls).toEqual(data.map(({ callCount }) => callCount).sort());

    const spans = await allInJaeger(service);
    const answers = spans
      .filter(({ kind }) => kind === 'consumer')
      .map(({ attributes: { 'baton.handoff.source': source }, resource }) => `${source} → ${resource['service.name']}`);
    expect(answers).not.toHaveLength(0);
    expect(data.map(({ parent, child }) => `${parent} → ${child}`)).toEqual(expect.arrayContaining(answers));
    await picture('jaeger-architecture.png', 800);
  });
});

/** As people start it: a process that knows where its spans go, and nothing else. */
async function run(program: string, args: readonly string[], { otlp }: RunningBackend, name: string): Promise<void> {
  const env = Object.entries(process.env).filter(([variable]) => !/^(OTEL|BATON)_/.test(variable));
  await promisify(execFile)(process.execPath, ['--import', 'tsx', program, ...args], {
    env: { ...Object.fromEntries(env), OTEL_EXPORTER_OTLP_ENDPOINT: otlp, OTEL_SERVICE_NAME: name },
    timeout: 60_000,
  });
}

function spanOf(spans: readonly RecordedSpan[], name: string): RecordedSpan {
  const found = spans.find((span) => span.name === name);
  if (!found) throw new Error(`no span ${name}`);
  return found;
}

function sessionOf(span: RecordedSpan | undefined): string {
  return String(span?.attributes['session.id']);
}

function traceIdsOf(spans: readonly RecordedSpan[]): string[] {
  return [...new Set(spans.map(({ traceId }) => traceId))].sort();
}
