import type { RecordedSpan } from '../../replay.ts';

/** What the place to read from gave. */
export interface Recorded {
  readonly spans: readonly RecordedSpan[];
  /** Nothing could be read at all. */
  readonly isUnreadable: boolean;
  /** Something could not be read, and was named. */
  readonly isIncomplete: boolean;
}
