import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { Baton } from '../../src/index.ts';
import { VERSION } from '../../src/version.ts';
import { type BuiltPackage, buildPackage } from '../support/built-package.ts';
import { spanTree } from '../support/span-tree.ts';

// An app may load Baton twice: its own code as an ES module, a dependency of it as CommonJS. Both builds, as they are
// published, run in one real process here and have to agree on what is open, what is around, and when.

const SHOW = ['session.id', 'baton.agent.key', 'baton.run.status', 'baton.abandoned', 'baton.handoff.status'];

let built: BuiltPackage;

beforeAll(() => {
  built = buildPackage();
}, 120_000);

afterAll(() => built.remove());

/** What a scenario gets: a client of each copy. It runs in another process, so it sees nothing from around itself. */
type Scenario = (esm: Baton, cjs: Baton) => unknown;

interface Outcome {
  readonly spans: readonly ReadableSpan[];
  readonly result: unknown;
  readonly warnings: unknown;
  /** How many sessions, runs and handoffs are left in the registry. */
  readonly left: readonly number[];
}

const PRELUDE = `
import { createRequire } from 'node:module';
import * as esmCopy from './esm/index.js';
const require = createRequire(import.meta.url);
const { context, trace } = require('@opentelemetry/api');
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
const sdk = require('@opentelemetry/sdk-trace-base');
const cjsCopy = require('./cjs/index.js');
if (esmCopy.Baton === cjsCopy.Baton) throw new Error('there is one copy only');

const { contextManager, sampled } = JSON.parse(process.argv[2]);
const exporter = new sdk.InMemorySpanExporter();
trace.setGlobalTracerProvider(
  new sdk.BasicTracerProvider({
    spanProcessors: [new sdk.SimpleSpanProcessor(exporter)],
    ...(sampled ? {} : { sampler: new sdk.AlwaysOffSampler() }),
  }),
);
if (contextManager) context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const esm = new esmCopy.Baton({ agent: 'esm' });
const cjs = new cjsCopy.Baton({ agent: 'cjs' });
const result = await scenario(esm, cjs);
const kept = globalThis[Symbol.for('otel-baton@${VERSION}')];
process.stdout.write(
  JSON.stringify({
    result,
    warnings: { ...esm.warnings(), ...cjs.warnings() },
    left: [kept.sessions.size, kept.runs.size, kept.handoffs.open.size],
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
    })),
  }),
);
`;

let scenarios = 0;

function play(scenario: Scenario, { contextManager = true, sampled = true } = {}): Outcome {
  const file = join(built.folder, `scenario-${scenarios++}.mjs`);
  writeFileSync(file, `${PRELUDE}\nfunction scenario(...given) { return (${scenario.toString()})(...given); }\n`);
  const out = execFileSync(process.execPath, [file, JSON.stringify({ contextManager, sampled })], { encoding: 'utf8' });
  const { spans, ...rest } = JSON.parse(out);
  return {
    ...rest,
    spans: spans.map(({ place, ...span }: { place: object }) => ({ ...span, spanContext: () => place })),
  };
}

const HANDED_OVER = `
invoke_workflow {session.id=ticket-1}
  invoke_agent triage {session.id=ticket-1 agent.key=triage run.status=completed}
    handoff billing PRODUCER {session.id=ticket-1 agent.key=triage handoff.status=accepted}
      accept_handoff triage CONSUMER {session.id=ticket-1 agent.key=billing handoff.status=accepted}
    invoke_agent billing {session.id=ticket-1 agent.key=billing run.status=completed handoff.status=completed} --handoff--> handoff billing [baton.handoff.accepted, baton.handoff.completed]
      execute_tool refund {session.id=ticket-1 agent.key=billing}
`.trim();

describe('an ESM and a CommonJS copy in one process', () => {
  it('share what is around: a run of one, its child, handoff and answer of the other', () => {
    const { spans, result, warnings, left } = play((esm, cjs) =>
      esm.withSession({ id: 'ticket-1' }, (session) =>
        esm.withRun({ agent: 'triage' }, async () => {
          cjs.trackHandoffRequested({ target: 'billing' });
          await cjs.withChildRun({ agent: 'billing' }, async () => {
            await null;
            esm.trackHandoffCompleted();
            esm.withTool({ tool: 'refund' }, () => {});
            cjs.trackHandoffCompleted();
          });
          return session.handoffs.path();
        }),
      ),
    );
    expect(spanTree(spans, { show: SHOW })).toBe(HANDED_OVER);
    expect({ result, warnings, left }).toEqual({ result: 'triage → billing', warnings: {}, left: [0, 0, 0] });
  });

  it('share what is open: ids of one mean the same to the other', () => {
    const { spans, warnings, left } = play(
      (esm, cjs) => {
        const session = cjs.startSession({ id: 'ticket-1' });
        const triage = esm.startRun({ sessionId: 'ticket-1', agent: 'triage' });
        cjs.trackHandoffRequested({ sourceRunId: triage.id, target: 'billing' });
        const billing = esm.startChildRun({ parentRunId: triage.id, agent: 'billing' });
        cjs.trackHandoffCompleted({ runId: billing.id });
        cjs.startTool({ runId: billing.id, tool: 'refund' }).end();
        cjs.trackHandoffCompleted({ runId: billing.id });
        for (const open of [billing, triage, session]) open.end();
      },
      { contextManager: false },
    );
    expect(spanTree(spans, { show: SHOW })).toBe(HANDED_OVER);
    expect({ warnings, left }).toEqual({ warnings: {}, left: [0, 0, 0] });
  });

  it('nest in each other, step by step', () => {
    const { spans, warnings } = play((esm, cjs) =>
      cjs.withSession({ id: 's' }, () =>
        esm.withRun({ agent: 'a' }, (run) => {
          cjs.withWorkflowStep({ stepKey: 'one' }, () =>
            esm.withWorkflowStep({ stepKey: 'two' }, () => {
              cjs.withTool({ tool: 'by context' }, () => cjs.track({ type: 'found' }));
              cjs.withTool({ tool: 'by id', runId: run.id }, () => {});
              cjs.track({ type: 'thought' });
            }),
          );
          cjs.withLlmCall({ model: 'm', usage: { inputTokens: 7 } }, () => {});
        }),
      ),
    );
    expect(spanTree(spans, { show: ['baton.agent.key', 'gen_ai.usage.input_tokens'] })).toBe(
      `
invoke_workflow
  invoke_agent a {agent.key=a usage.input_tokens=7}
    run_step one {agent.key=a}
      run_step two {agent.key=a} [thought]
        execute_tool by context {agent.key=a} [found]
        execute_tool by id {agent.key=a}
    chat m CLIENT {agent.key=a usage.input_tokens=7}
`.trim(),
    );
    expect(warnings).toEqual({});
  });

  it('end what the other left open', () => {
    const { spans, left } = play((esm, cjs) =>
      esm.withSession({ id: 's' }, () => {
        cjs.startRun({ agent: 'a' }).within(() => {
          esm.startWorkflowStep({ stepKey: 'one' });
          cjs.trackHandoffRequested({ target: 'b' });
          esm.startRun({ agent: 'b' });
        });
      }),
    );
    expect(spanTree(spans, { show: SHOW })).toBe(
      `
invoke_workflow {session.id=s}
  invoke_agent a {session.id=s agent.key=a run.status=abandoned}
    run_step one {session.id=s agent.key=a baton.abandoned=true}
    handoff b PRODUCER {session.id=s agent.key=a handoff.status=accepted}
      accept_handoff a CONSUMER {session.id=s agent.key=b handoff.status=accepted}
    invoke_agent b {session.id=s agent.key=b run.status=abandoned handoff.status=accepted} --handoff--> handoff b [baton.handoff.accepted]
`.trim(),
    );
    expect(left).toEqual([0, 0, 0]);
  });

  it('read each other’s carriers', () => {
    const { spans, warnings } = play((esm, cjs) => {
      const session = esm.startSession({ id: 'ticket-1' });
      const triage = cjs.startRun({ sessionId: 'ticket-1', agent: 'triage' });
      const carrier = esm.trackHandoffRequested({ sourceRunId: triage.id, target: 'billing' }).carrier();
      cjs.withRun({ carrier, agent: 'billing' }, () => {
        esm.trackHandoffCompleted();
        esm.withTool({ tool: 'refund' }, () => {});
        esm.trackHandoffCompleted();
      });
      triage.end();
      session.end();
    });
    expect(spanTree(spans, { show: SHOW })).toBe(HANDED_OVER);
    expect(warnings).toEqual({});
  });

  it('know each other’s ended runs', () => {
    const { warnings } = play((esm, cjs) => {
      const id = esm.withRun({ agent: 'a' }, (run) => run.id);
      cjs.withTool({ tool: 'late', runId: id }, () => {});
    });
    expect(warnings).toEqual({ ended_run: 1 });
  });

  it('keep silent together where nothing is sampled', () => {
    const { spans, result, warnings } = play(
      (esm, cjs) =>
        esm.withSession({ id: 's' }, () =>
          cjs.withRun({ agent: 'a' }, () => {
            const handoff = esm.trackHandoffRequested({ target: 'b' });
            return cjs.withRun({ agent: 'b', handoffId: handoff.id }, () => {
              esm.trackHandoffCompleted();
              return esm.withTool({ tool: 'search' }, () => 'found');
            });
          }),
        ),
      { sampled: false },
    );
    expect([spans, result, warnings]).toEqual([[], 'found', {}]);
  });

  it('record an error that goes through both of them once', () => {
    const { spans } = play((esm, cjs) =>
      esm.withSession({ id: 's' }, () => {
        try {
          esm.withRun({ agent: 'a' }, () =>
            cjs.withChildRun({ agent: 'b' }, () =>
              esm.withTool({ tool: 'refund' }, () => {
                throw new RangeError('no funds');
              }),
            ),
          );
        } catch {
          // Dealt with.
        }
      }),
    );
    expect(spanTree(spans)).toBe(
      `
invoke_workflow
  invoke_agent a ERROR(no funds)
    invoke_agent b ERROR(no funds)
      execute_tool refund ERROR(no funds) [exception]
`.trim(),
    );
  });

  it('have one clock: children start after their parents, and siblings one after the other', () => {
    const { spans } = play((esm, cjs) =>
      esm.withRun({ agent: 'a' }, () => {
        for (let index = 0; index < 500; index++) {
          for (const copy of [esm, cjs]) copy.withWorkflowStep({ stepIndex: index }, () => {});
        }
      }),
    );
    const micros = ([seconds, nanos]: readonly [number, number]): number => seconds * 1e6 + nanos / 1e3;
    const run = spans.find(({ name }) => name === 'invoke_agent a') as ReadableSpan;
    // In the order of their ends, which is that of their starts: they follow one another.
    const starts = spans.filter((span) => span !== run).map(({ startTime }) => micros(startTime));
    expect(starts).toHaveLength(1_000);
    let last = micros(run.startTime);
    const back = starts.filter((start) => {
      const isBack = start <= last;
      last = start;
      return isBack;
    });
    expect(back.length).toBe(0);
    expect(Math.max(...spans.map(({ endTime }) => micros(endTime)))).toBe(micros(run.endTime));
  });
});
