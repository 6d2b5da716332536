import { afterEach, expect } from '@jest/globals';
import { type Recording, recordEachTest } from '../support/recording.ts';

/** Records the tests of a file on results. A warning that a test does not take out is a failure. */
export function recordResults(): Recording {
  const recording = recordEachTest({ show: ['error.type', 'baton.run.status', 'baton.session.status'] });
  afterEach(() => expect(recording.warnings.splice(0)).toEqual([]));
  return recording;
}
