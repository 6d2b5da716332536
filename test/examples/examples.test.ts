import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';

// What the examples print. What they send is in test/golden.

async function run(example: string): Promise<string> {
  const env = { ...process.env, NO_COLOR: '1' };
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', example], { env });
  return stdout;
}

let customerService: string;
let passOrReturn: string;

beforeAll(async () => {
  [customerService, passOrReturn] = await Promise.all([
    run('examples/003-customer-service.ts'),
    run('examples/004-pass-or-return.ts'),
  ]);
});

/** The lines that match, each on one line and without its indentation. */
function linesOf(output: string, pattern: RegExp): string[] {
  return output.split('\n').flatMap((line) => (pattern.test(line) ? [line.trim().replace(/,$/, '')] : []));
}

describe('customer service', () => {
  it('counts the handoffs of each conversation and tells their path', () => {
    const [single, ...others] = customerService.split('{ total_handoffs: ')[1]?.split('\n') ?? [];
    expect(single).toBe("0, path: 'order_agent', agents_involved: 1 }");
    expect(linesOf(others.join('\n'), /^ {2}(total_handoffs|path|agents_involved): /)).toEqual([
      'total_handoffs: 1',
      "path: 'receptionist → billing_agent'",
      'agents_involved: 2',
      'total_handoffs: 4',
      "path: 'receptionist → tech_agent → receptionist → order_agent → billing_agent → order_agent'",
      'agents_involved: 4',
    ]);
  });

  it('goes back from a wrong transfer, and on after a refused refund', () => {
    expect(linesOf(customerService, /^ {2}(↩️|📊 Result: Refund)/u)).toEqual([
      '📊 Result: Refund of $99.99 for order 12345 processed successfully',
      '↩️  Back to: receptionist',
      '📊 Result: Refund amount $159.99 exceeds order total $149.99',
      '📊 Result: Refund of $149.99 for order 67890 processed successfully',
    ]);
  });

  it('ends with the replay of each conversation', () => {
    expect(linesOf(customerService, /^[✓✗○] /u)).toEqual([
      expect.stringContaining('customer-service (single_agent)'),
      expect.stringContaining('customer-service (multi_agent)'),
      expect.stringContaining('customer-service (multi_agent)'),
    ]);
  });
});

describe('passing control, or returning to the caller', () => {
  it('hands over the transcript, or just the sub-task', () => {
    expect(linesOf(passOrReturn, /^ {2}billing sees/)).toEqual([
      'billing sees 3 messages of thread cust-c42-2026-04',
      'billing sees 1 message of thread cust-c42-2026-04',
    ]);
  });

  it('makes each refund once, whoever asks for it', () => {
    expect(linesOf(passOrReturn, /^ {2}issue_refund/)).toEqual([
      'issue_refund(4321, ch_2): ch_2 refunded',
      'issue_refund(4321, ch_2): ch_2 refunded (earlier, not again)',
      'issue_refund(4321, ch_2): ch_2 refunded',
    ]);
  });

  it('lets the new owner answer, or the old one', () => {
    expect(linesOf(passOrReturn, /to the customer:/).map((line) => line.split(' ')[0])).toEqual(['Billing', 'Support']);
  });
});
