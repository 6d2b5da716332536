import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { makeBusy } from '../clock/busy-machine.ts';
import { IN_PLACE } from '../clock/programs/foreign-spans.mjs';
import { shareWorkshop } from './support/shared.ts';
import type { UserApp } from './support/user-app.ts';

// The packed package beside the clocks of others: both SDK lines, and the fake timers of Vitest. Run by `npm run test:package`,
// because it asks the npm registry.

const SDK_2 = ['@opentelemetry/api@1.9', '@opentelemetry/sdk-trace-base@2', '@opentelemetry/context-async-hooks@2'];
const SDK_3 = ['@opentelemetry/api@1.10', '@opentelemetry/sdk-trace@3', '@opentelemetry/context-async-hooks@3'];
const LINES: readonly { readonly name: string; readonly packages: readonly string[]; readonly node?: string }[] = [
  { name: 'SDK 2.x on this Node', packages: SDK_2 },
  { name: 'SDK 2.x on Node 24', packages: SDK_2, node: '24' },
  { name: 'SDK 3.x on Node 24', packages: SDK_3, node: '24' },
];

const program = (name: string): string => readFileSync(`test/clock/programs/${name}`, 'utf8');

/** An OpenTelemetry that keeps its spans in `spans()`. */
function setUp(packages: readonly string[]): string {
  const [from, provider] =
    packages === SDK_2 ? ['sdk-trace-base', 'BasicTracerProvider'] : ['sdk-trace', 'TracerProvider'];
  // No exporter: each of the SDK starts a timer per span, and ten thousand of them take fake timers a minute.
  return `
    import { context, trace } from '@opentelemetry/api';
    import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
    import { ${provider} } from '@opentelemetry/${from}';
    const ended = [];
    const processor = { onStart() {}, onEnd: (span) => ended.push(span), forceFlush: async () => {}, shutdown: async () => {} };
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    trace.setGlobalTracerProvider(new ${provider}({ spanProcessors: [processor] }));
    export const spans = () => ended;
  `;
}

const workshop = shareWorkshop();

describe.each(LINES)('$name', ({ packages, node }) => {
  let app: UserApp;

  beforeAll(async () => {
    app = await workshop.app({
      packages,
      node,
      files: {
        'foreign-spans.mjs': program('foreign-spans.mjs'),
        'set-up.mjs': setUp(packages),
        'app.mjs': `
          import { trace } from '@opentelemetry/api';
          import { Baton } from 'otel-baton';
          import { amongForeignSpans } from './foreign-spans.mjs';
          import { spans } from './set-up.mjs';
          console.log(JSON.stringify(await amongForeignSpans({ baton: new Baton({ agent: 'app' }), trace, spans })));
        `,
      },
    });
  }, 180_000);

  it('spans of the SDK and of ours are in one another', async () => {
    expect(JSON.parse((await app.run(['app.mjs'])).stdout)).toEqual(IN_PLACE);
  }, 60_000);

  it('also on a busy machine', async () => {
    const busy = makeBusy();
    try {
      expect(JSON.parse((await app.run(['app.mjs'])).stdout)).toEqual(IN_PLACE);
    } finally {
      busy.stop();
    }
  }, 60_000);
});

describe('Vitest 4', () => {
  it('its fake timers give the times of the spans, and the real ones come back with them', async () => {
    const app = await workshop.app({
      packages: [...SDK_2, 'vitest@4'],
      files: {
        'fake-timers.mjs': program('fake-timers.mjs'),
        'set-up.mjs': setUp(SDK_2),
        'clocks.test.mjs': `
          import { trace } from '@opentelemetry/api';
          import { Baton } from 'otel-baton';
          import { afterEach, expect, it, vi } from 'vitest';
          import { expectedFacts, underFakeTimers } from './fake-timers.mjs';
          import { spans } from './set-up.mjs';

          const baton = new Baton({ agent: 'app' });
          const clock = {
            fake: (how) => vi.useFakeTimers(how),
            advance: (ms) => vi.advanceTimersByTimeAsync(ms),
            set: (time) => vi.setSystemTime(time),
            real: () => vi.useRealTimers(),
          };
          afterEach(() => vi.useRealTimers());

          for (const toFake of [['Date', 'performance'], ['Date'], ['performance']]) {
            for (const now of [Date.UTC(1999, 11), Date.UTC(2030, 0), undefined]) {
              it(toFake.join() + ' from ' + now, async () => {
                const before = spans().length;
                const own = () => spans().slice(before);
                const facts = await underFakeTimers({ baton, trace, spans: own, clock, toFake, now });
                expect(facts).toEqual(expectedFacts(toFake));
              });
            }
          }

          it('a date without fake timers', () => {
            vi.setSystemTime(Date.UTC(2030, 0));
            baton.withTool({ tool: 'search' }, () => trace.getTracer('http').startSpan('GET').end());
            const [get, tool] = spans().slice(-2);
            expect([get, tool].map(({ startTime }) => startTime)).toEqual([
              [Date.UTC(2030, 0) / 1_000, 0],
              [Date.UTC(2030, 0) / 1_000, 0],
            ]);
          });
        `,
      },
    });
    const { stdout } = await app.run(['node_modules/vitest/vitest.mjs', 'run', '--reporter=json']);
    const { numPassedTests, success } = JSON.parse(stdout);
    expect({ numPassedTests, success }).toEqual({ numPassedTests: 10, success: true });
  }, 180_000);
});
