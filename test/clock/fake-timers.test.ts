import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { trace } from '@opentelemetry/api';
import { Baton } from '../../src/index.ts';
import { type Recording, startRecording } from '../support/recording.ts';
import { type Clock, expectedFacts, underFakeTimers } from './programs/fake-timers.mjs';

// Real fake timers of Jest and Sinon; those of Vitest are in test/installed/clocks.test.ts.

const FAKED = [['Date', 'performance'], ['Date'], ['performance']] as const;
const DATES = ['1999-12-31T23:00:00Z', '2030-01-01T00:00:00Z', 'the present'];
const CASES = FAKED.flatMap((faked) => DATES.map((date) => [faked.join(' and '), date, faked] as const));

/** In milliseconds; none for the present, which fake timers take by themselves. */
const at = (date: string): number | undefined => (date === 'the present' ? undefined : Date.parse(date));

describe('under fake timers of Jest', () => {
  let recording: Recording;

  beforeEach(() => {
    recording = startRecording();
  });

  afterEach(async () => {
    jest.useRealTimers();
    await recording.stop();
  });

  it.each(CASES)('that fake %s and begin at %s', async (_, date, toFake) => {
    // Jest has the list of what is left alone.
    const doNotFake = (['Date', 'performance', 'hrtime', 'nextTick', 'queueMicrotask'] as const).filter(
      (name) => !(toFake as readonly string[]).includes(name),
    );
    const clock: Clock = {
      fake: ({ now }) => jest.useFakeTimers({ ...(now === undefined ? {} : { now }), doNotFake }),
      advance: (ms) => jest.advanceTimersByTimeAsync(ms),
      set: (time) => jest.setSystemTime(time),
      real: () => jest.useRealTimers(),
    };
    const { spans } = recording;
    const baton = new Baton({ agent: 'app' });
    const facts = await underFakeTimers({ baton, trace, spans, clock, toFake, now: at(date) });
    expect(facts).toEqual(expectedFacts(toFake));
  });

  it('that begin at the same time again, each begins there', () => {
    const baton = new Baton({ agent: 'app' });
    for (let test = 0; test < 3; test++) {
      jest.useFakeTimers({ now: Date.UTC(2030, 0) });
      const tool = baton.startTool({ tool: 'search' });
      jest.advanceTimersByTime(3);
      tool.end();
      jest.useRealTimers();
    }
    const times = recording.spans().map(({ startTime, duration }) => [startTime, duration]);
    const [began, lasted] = [
      [Date.UTC(2030, 0) / 1_000, 0],
      [0, 3_000_000],
    ];
    expect(times).toEqual([
      [began, lasted],
      [began, lasted],
      [began, lasted],
    ]);
  });
});

describe('under fake timers of Sinon, in a process of its own', () => {
  const run = async (env: Readonly<Record<string, string>>): Promise<unknown> => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', 'test/clock/programs/sinon.mjs'],
      { env: { PATH: process.env.PATH, ...env }, timeout: 60_000 },
    );
    return JSON.parse(stdout);
  };

  const NOW = String(Date.UTC(2030, 0));

  it.each(FAKED)(
    'that fake %s',
    async (...toFake) => {
      expect(await run({ FAKED: toFake.join(), NOW })).toEqual(expectedFacts(toFake));
    },
    60_000,
  );

  it('that were in place when Baton and the SDK were loaded', async () => {
    const toFake = ['Date', 'performance'];
    expect(await run({ FAKED: toFake.join(), NOW, EARLY: '1' })).toEqual(expectedFacts(toFake));
  }, 60_000);
});
