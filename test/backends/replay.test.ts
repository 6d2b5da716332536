import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  BackendError,
  type BackendSpans,
  buildTimelines,
  readFromJaeger,
  readFromTempo,
  readOtlpJson,
  readRecentFromJaeger,
  renderSessions,
} from '../../src/replay.ts';
import { runCli } from '../cli/run-cli.ts';
import { closedPort } from '../doctor/backend.ts';
import { type RunningBackend, startJaeger, startTempo } from './support/backends.ts';
import { describeWith } from './support/describe-with.ts';
import { eventually } from './support/eventually.ts';
import { runPrograms, type Sent } from './support/programs.ts';

// Sessions told from the backends, held against what is told from the recorded file.

jest.setTimeout(60_000);

describeWith(['jaeger', 'tempo'], 'a session read back', () => {
  const running: RunningBackend[] = [];
  let jaeger: RunningBackend;
  let badger: RunningBackend;
  let tempo: RunningBackend;
  let folder: string;
  let file: string;
  let sent: readonly Sent[];
  let sessionIds: readonly string[];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'otel-baton-replay-'));
    file = join(folder, 'traces.json');
    jaeger = await startJaeger();
    running.push(jaeger);
    badger = await startJaeger('--config', 'test/backends/support/badger.yaml');
    running.push(badger);
    tempo = await startTempo();
    running.push(tempo);
    sent = [...(await runPrograms(running.map(({ otlp }) => otlp))).values()];
    writeFileSync(file, sent.map((each) => each.file).join('\n'));
    sessionIds = sent.flatMap((each) => each.sessionIds);
  }, 120_000);

  afterAll(async () => {
    await Promise.all(running.map((backend) => backend.stop()));
    rmSync(folder, { recursive: true, force: true });
  });

  const flagOf = { Jaeger: '--jaeger', Tempo: '--tempo' } as const;
  const urlOf = (name: 'Jaeger' | 'Tempo'): string => (name === 'Jaeger' ? jaeger : tempo).url;

  describe.each(['Jaeger', 'Tempo'] as const)('from %s', (name) => {
    it('is told on the command line as from the recorded file, every session of every program', async () => {
      const expected = await runCli(['replay', file, '--width', '120']);
      await eventually(async () => {
        const told = await runCli(['replay', ...sessionIds, flagOf[name], urlOf(name), '--width', '120']);
        expect(told).toEqual(expected);
      }, 30_000);
    });

    it('is in the list, with time, agents, handoffs and errors, the newest first', async () => {
      const expected = await runCli(['replay', '--list', file]);
      expect(expected.stdout).toMatch(
        /^✗ ticket-78 · single_agent · failed after .*\n.* · 1 agent · 0 handoffs .* 1 error$/m,
      );
      await eventually(async () => {
        expect(await runCli(['replay', '--list', flagOf[name], urlOf(name)])).toEqual(expected);
      }, 30_000);
    });

    it('is not found, which is said with what to do', async () => {
      const { code, stdout, stderr } = await runCli(['replay', 'nope', flagOf[name], urlOf(name), '--since', '2h']);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain(`otel-baton replay: no session "nope" in ${name} within the last 2h`);
      expect(stderr).toContain('--list shows which there are');
    });
  });

  it('is told alike after somebody has looked at it in Jaeger, which then sorts attributes and events by name', async () => {
    for (const { file, traceIds, sessionIds } of sent) {
      for (const traceId of traceIds) await fetch(`${jaeger.url}/api/traces/${traceId}`);
      for (const sessionId of sessionIds) {
        expect(told(await readFromJaeger(jaeger.url, { sessionId }), sessionId)).toBe(
          told(readOtlpJson(file), sessionId),
        );
      }
    }
  });

  it('is found in a storage of Jaeger that searches within one service only', async () => {
    for (const { file, sessionIds } of sent) {
      for (const sessionId of sessionIds) {
        const read = await readFromJaeger(badger.url, { sessionId });
        expect(told(read, sessionId)).toBe(told(readOtlpJson(file), sessionId));
      }
    }
    // A session is as new as its newest trace, so that the third is ticket-77, which a later run went on with.
    const { spans } = await readRecentFromJaeger(badger.url, { limit: 3 });
    expect(buildTimelines(spans).map(({ id }) => id)).toEqual(['ticket-77', 'thread-7', 'ticket-79']);
  });

  it('says what was asked and what to do, when the address is not that of the backend', async () => {
    const closed = await closedPort();
    const sessionId = 'x';
    const usual = { Jaeger: 'http://localhost:16686', Tempo: 'http://localhost:3200' };
    const expected = (name: keyof typeof usual) => `expected the address of ${name}'s API, such as ${usual[name]}`;
    const cases: [() => Promise<unknown>, string][] = [
      [
        () => readFromJaeger(closed, { sessionId }),
        `Jaeger at ${closed} does not answer: nobody listens there; ${expected('Jaeger')}; does it run?`,
      ],
      [
        () => readFromJaeger(jaeger.otlp, { sessionId }),
        `Jaeger at ${jaeger.otlp} answered 404 to /api/v3/traces: 404 page not found; ${expected('Jaeger')}`,
      ],
      [
        () => readFromJaeger(tempo.url, { sessionId }),
        `Jaeger at ${tempo.url} answered 404 to /api/v3/traces: 404 page not found; ${expected('Jaeger')}`,
      ],
      [
        () => readFromTempo(`${jaeger.url}/`, { sessionId }),
        `Tempo at ${jaeger.url} answered 404 to /api/search: 404 page not found; ${expected('Tempo')}`,
      ],
      [() => readFromTempo('ftp://tempo', { sessionId }), `${expected('Tempo')}, got ftp://tempo`],
      [
        () => readFromTempo(tempo.url, { sessionId, lookBackMs: 30 * 24 * 3_600_000 }),
        'range specified by start and end exceeds 168h',
      ],
    ];
    for (const [reading, message] of cases) {
      const error = await reading().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(BackendError);
      expect((error as Error).message).toContain(message);
    }
  });
});

function told({ spans }: Pick<BackendSpans, 'spans'>, sessionId: string): string {
  return renderSessions(
    buildTimelines(spans).filter(({ id }) => id === sessionId),
    { width: 120 },
  );
}
