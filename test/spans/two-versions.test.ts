import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Tracer } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { Baton } from '../../src/index.ts';
import { VERSION } from '../../src/version.ts';
import { type BuiltPackage, buildPackage } from '../support/built-package.ts';
import { spanTree } from '../support/span-tree.ts';

// An app and a library of it may each bring a version of Baton. Both, as they are published, run in one real process here:
// each stands in the scopes of the other as in those of another process, and neither touches what is the other's.

const OTHER = '99.0.0-other';
const SHOW = ['session.id', 'baton.agent.key', 'baton.run.status', 'baton.handoff.status', 'baton.approval.status'];

let built: BuiltPackage;

beforeAll(() => {
  built = buildPackage();
  built.copyAs(OTHER);
}, 120_000);

afterAll(() => built.remove());

/** What a scenario gets: a client of each version, and a tracer of a third party. It sees nothing from around itself. */
type Scenario = (app: Baton, library: Baton, http: Tracer) => unknown;

interface Outcome {
  readonly spans: readonly ReadableSpan[];
  readonly result: unknown;
  readonly warnings: unknown;
  /** What stands under the names that all versions know. */
  readonly shared: Readonly<Record<string, object>>;
  readonly left: readonly number[];
}

interface Setting {
  readonly app: string;
  readonly library: string;
  /** Whose `pipelineSpans`, by folder. */
  readonly processor: string;
  readonly sampled?: boolean;
}

const PRELUDE = `
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
const { context, trace } = require('@opentelemetry/api');
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
const sdk = require('@opentelemetry/sdk-trace-base');
const { app, library, processor, sampled = true } = JSON.parse(process.argv[2]);
const load = (folder, entry) => (folder.endsWith('cjs') ? require(folder + entry) : import(folder + entry));
const [ofApp, ofLibrary] = [await load(app, '/index.js'), await load(library, '/index.js')];
const { pipelineSpans } = await load(processor, '/export.js');
const exporter = new sdk.InMemorySpanExporter();
trace.setGlobalTracerProvider(
  new sdk.BasicTracerProvider({
    spanProcessors: [pipelineSpans({ handoffs: true }), new sdk.SimpleSpanProcessor(exporter)],
    ...(sampled ? {} : { sampler: new sdk.AlwaysOffSampler() }),
  }),
);
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const clients = [new ofApp.Baton({ agent: 'app' }), new ofLibrary.Baton({ agent: 'library' })];
const result = await scenario(...clients, trace.getTracer('http'));
const registries = ['${VERSION}', '${OTHER}'].map((version) => globalThis[Symbol.for('otel-baton@' + version)]);
process.stdout.write(
  JSON.stringify({
    result,
    warnings: clients.map((client) => client.warnings()),
    shared: globalThis[Symbol.for('otel-baton')],
    left: registries.flatMap(({ sessions, runs, approvals, open }) =>
      [sessions, runs, approvals, ...Object.values(open)].map(({ size }) => size),
    ),
    spans: exporter.getFinishedSpans().map((span) => ({
      name: span.name,
      kind: span.kind,
      place: span.spanContext(),
      parentSpanContext: span.parentSpanContext,
      startTime: span.startTime,
      endTime: span.endTime,
      status: span.status,
      attributes: span.attributes,
      links: span.links,
      events: span.events,
      scope: span.instrumentationScope,
    })),
  }),
);
`;

let scenarios = 0;

function play(scenario: Scenario, setting: Setting): Outcome {
  const file = join(built.folder, `scenario-${scenarios++}.mjs`);
  writeFileSync(file, `${PRELUDE}\nfunction scenario(...given) { return (${scenario.toString()})(...given); }\n`);
  const out = execFileSync(process.execPath, [file, JSON.stringify(setting)], { encoding: 'utf8' });
  const { spans, ...rest } = JSON.parse(out);
  return {
    ...rest,
    spans: spans.map(({ place, ...span }: { place: object }) => ({ ...span, spanContext: () => place })),
  };
}

const NOTHING_LEFT = Array(14).fill(0);

const SETTINGS: readonly Setting[] = [
  { app: './esm', library: `./${OTHER}/cjs`, processor: './esm' },
  { app: './cjs', library: `./${OTHER}/esm`, processor: `./${OTHER}/esm` },
  { app: `./${OTHER}/esm`, library: './esm', processor: './esm' },
  { app: `./${OTHER}/cjs`, library: './cjs', processor: `./${OTHER}/esm` },
];

describe.each(SETTINGS)('an app with $app and a library with $library, pipelineSpans of $processor', (setting) => {
  it('nest in each other by what the scopes say: sessions by their id, runs by theirs, spans by what is active', () => {
    const { spans, result, warnings, shared, left } = play(
      (app, library, http) =>
        app.withSession({ id: 'ticket-1', userId: 'ann' }, async () => {
          http.startSpan('GET /in-session').end();
          return await app.withRun({ agent: 'triage' }, async (triage) => {
            http.startSpan('GET /in-app').end();
            return await library.withRun({ agent: 'search' }, async (search) => {
              await null;
              http.startSpan('GET /in-library').end();
              library.withTool({ tool: 'of the library' }, () => {});
              await app.withTool({ tool: 'of the app' }, async () => {
                library.withWorkflowStep({ stepKey: 'rank' }, () => http.startSpan('GET /in-step').end());
              });
              library.track({ type: 'found' });
              return [triage.id, search.id, search.sessionId];
            });
          });
        }),
      setting,
    );
    const [triage, search, sessionId] = result as readonly string[];
    expect(sessionId).toBe('ticket-1');
    // What the third party records has times of whole milliseconds: its order says nothing.
    const [ours, theirs] = [true, false].map((isOurs) => spans.filter(({ name }) => name.startsWith('GET') !== isOurs));
    expect(spanTree(ours ?? [], { show: SHOW })).toBe(
      `
invoke_workflow {session.id=ticket-1}
  invoke_agent triage {session.id=ticket-1 agent.key=triage run.status=completed}
    invoke_agent search {session.id=ticket-1 agent.key=search run.status=completed} [found]
      execute_tool of the library {session.id=ticket-1 agent.key=search}
      execute_tool of the app {session.id=ticket-1 agent.key=search}
        run_step rank {session.id=ticket-1 agent.key=search}
`.trim(),
    );
    const names = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
    expect(
      theirs?.map(({ name, parentSpanContext, attributes }) => [
        ...[name, names.get(parentSpanContext?.spanId ?? '')],
        ...['session.id', 'baton.run.id', 'baton.agent.key'].map((key) => attributes[key]),
      ]),
    ).toEqual([
      ['GET /in-session', 'invoke_workflow', 'ticket-1', undefined, undefined],
      ['GET /in-app', 'invoke_agent triage', 'ticket-1', triage, 'triage'],
      ['GET /in-library', 'invoke_agent search', 'ticket-1', search, 'search'],
      ['GET /in-step', 'run_step rank', 'ticket-1', search, 'search'],
    ]);
    const attributes = (name: string) => spans.find((span) => span.name === name)?.attributes ?? {};
    expect(attributes('invoke_agent search')).toMatchObject({ 'baton.run.parent_id': triage, 'user.id': 'ann' });
    for (const name of ['execute_tool of the app', 'run_step rank']) {
      expect([name, attributes(name)['baton.run.id']]).toEqual([name, search]);
    }
    expect({ warnings, left }).toEqual({ warnings: [{}, {}], left: NOTHING_LEFT });
    for (const state of Object.values(shared)) {
      for (const value of Object.values(state)) expect(typeof value).toBe('number');
    }
  });

  it('nest their sessions, runs in each other without end, and go on by ids', () => {
    const { spans, warnings, left } = play(async (app, library) => {
      const session = library.startSession({ id: 'outer' });
      session.within(() =>
        app.withRun({ agent: 'a' }, (a) => {
          const inner = app.startSession({ id: 'inner' });
          inner.within(() => library.withRun({ agent: 'b' }, () => app.withLlmCall({ model: 'm' }, () => {})));
          inner.end();
          library.withChildRun({ parentRunId: a.id, agent: 'c' }, () => {});
          app.startTool({ tool: 't', runId: a.id }).end();
        }),
      );
      session.end();
    }, setting);
    expect(spanTree(spans, { show: SHOW })).toBe(
      `
invoke_workflow {session.id=outer}
  invoke_agent a {session.id=outer agent.key=a run.status=completed}
    invoke_workflow {session.id=inner}
      invoke_agent b {session.id=inner agent.key=b run.status=completed}
        chat m CLIENT {session.id=inner agent.key=b}
    invoke_agent c {session.id=outer agent.key=c run.status=completed}
    execute_tool t {session.id=outer agent.key=a}
`.trim(),
    );
    expect({ warnings, left }).toEqual({ warnings: [{}, {}], left: NOTHING_LEFT });
  });

  it('answer each other’s handoffs and decide each other’s approvals, as two processes do', () => {
    const { spans, warnings, left } = play(
      (app, library) =>
        app.withSession({ id: 's' }, () =>
          app.withRun({ agent: 'triage' }, async () => {
            const handoff = app.trackHandoffRequested({ target: 'billing' });
            library.withRun({ agent: 'billing', handoffId: handoff.id }, () => library.trackHandoffCompleted());
            const carrier = app.trackHandoffRequested({ target: 'shipping' }).carrier();
            library.withRun({ agent: 'shipping', carrier }, () => library.trackHandoffRejected());
            const approval = app.startApproval({ tool: 'refund' });
            library.resolveApproval({ approvalId: approval.id, status: 'approved' });
            approval.suspend();
          }),
        ),
      setting,
    );
    const of = (name: string) => spans.filter((span) => span.name === name);
    const ids = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
    for (const [answer, handoff] of [
      ['accept_handoff triage', 'handoff billing'],
      ['reject_handoff triage', 'handoff shipping'],
      ['accept_handoff', 'handoff billing'],
    ]) {
      for (const span of of(answer ?? '')) expect(ids.get(span.parentSpanContext?.spanId ?? '')).toBe(handoff);
    }
    for (const agent of ['billing', 'shipping']) {
      const [run] = of(`invoke_agent ${agent}`);
      const linked = run?.links.map(({ context }) => ids.get(context.spanId));
      expect([agent, linked]).toEqual([agent, [`handoff ${agent}`]]);
      const answers = spans.filter(({ kind, attributes }) => kind === 4 && attributes['baton.agent.key'] === agent);
      expect([agent, answers.length]).toEqual([agent, 1]);
    }
    const approvals = of('await_approval refund').concat(of('await_approval'));
    expect(approvals.map(({ attributes }) => attributes['baton.approval.status']).sort()).toEqual([
      'approved',
      'requested',
    ]);
    expect(new Set(approvals.map(({ attributes }) => attributes['baton.approval.id'])).size).toBe(1);
    expect(new Set(spans.map(({ attributes }) => attributes['session.id']))).toEqual(new Set(['s']));
    expect({ warnings, left }).toEqual({ warnings: [{}, {}], left: NOTHING_LEFT });
  });

  it('keep silent in each other’s scopes where nothing is sampled', () => {
    const { spans, warnings, result } = play(
      (app, library) =>
        app.withSession({ id: 's' }, () =>
          library.withRun({ agent: 'a' }, (run) =>
            app.withTool({ tool: 't' }, () => {
              library.trackHandoffRequested({ target: 'b' });
              return [run.sessionId, library.trackHandoffRequested({ target: 'b' }).carrier()['baton-session']];
            }),
          ),
        ),
      { ...setting, sampled: false },
    );
    expect({ spans, warnings, result }).toEqual({ spans: [], warnings: [{}, {}], result: ['s', 's'] });
  });

  it('tell an error each on its own, and end each what is its own', () => {
    const { spans, warnings, left } = play(async (app, library) => {
      try {
        app.withSession({ id: 's' }, () =>
          library.withRun({ agent: 'a' }, () =>
            app.withTool({ tool: 't' }, () => {
              library.startTool({ tool: 'forgotten' });
              app.startTool({ tool: 'also forgotten' });
              throw new RangeError('no funds');
            }),
          ),
        );
      } catch {
        // Dealt with.
      }
      await app.shutdown();
      await library.shutdown();
    }, setting);
    expect(spanTree(spans, { show: ['session.id', 'baton.run.status', 'baton.abandoned'] })).toBe(
      `
invoke_workflow ERROR(no funds) {session.id=s} [exception]
  invoke_agent a ERROR(no funds) {session.id=s run.status=failed} [exception]
    execute_tool t ERROR(no funds) {session.id=s} [exception]
      execute_tool forgotten {session.id=s baton.abandoned=true}
      execute_tool also forgotten {session.id=s baton.abandoned=true}
`.trim(),
    );
    expect({ warnings, left }).toEqual({ warnings: [{}, {}], left: NOTHING_LEFT });
  });

  it('put no context on top of the other without end', () => {
    const { result } = play(async (app, library) => {
      const { context } = await import('@opentelemetry/api');
      const BASE = Symbol.for('otel-baton/base');
      let around = context.active();
      for (let turn = 0; turn < 100; turn++) {
        for (const client of [app, library]) {
          const run = context.with(around, () => client.startRun({ agent: 'next' }));
          around = run.within(() => context.active());
          run.end();
        }
      }
      let depth = 0;
      for (let each = around as unknown as Record<symbol, typeof around>; each[BASE]; depth++)
        each = each[BASE] as never;
      return depth;
    }, setting);
    expect(result).toBe(1);
  });
});
