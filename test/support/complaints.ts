import { afterEach, beforeEach, expect } from '@jest/globals';
import { DiagLogLevel, diag } from '@opentelemetry/api';

/** No test of the file may give OpenTelemetry something to complain of: a span that is ended twice, or written to after its end. */
export function expectNoComplaints(): void {
  const complaints: string[] = [];
  const complain = (message: string): void => {
    // What Baton warns of is told to its client, too.
    if (message !== 'otel-baton') complaints.push(message);
  };
  beforeEach(() => {
    diag.setLogger(
      { error: complain, warn: complain, info: () => {}, debug: () => {}, verbose: () => {} },
      { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
    );
  });
  afterEach(() => {
    diag.disable();
    expect(complaints.splice(0)).toEqual([]);
  });
}
