import { describe, expect, it } from '@jest/globals';
import { counted, formatDuration, formatTime, formatUsage, formatUsageInFull } from '../../src/replay/views/amounts.ts';

describe('amounts as people read them', () => {
  it.each([
    [Number.NaN, '0s'],
    [-5, '0s'],
    [0, '0s'],
    [0.0001, '1µs'],
    [0.42, '420µs'],
    [0.9996, '1.0ms'],
    [2.345, '2.3ms'],
    [9.96, '10ms'],
    [90, '90ms'],
    [999.4, '999ms'],
    [999.6, '1.00s'],
    [1650, '1.65s'],
    [9_996, '10.0s'],
    [59_949, '59.9s'],
    [59_951, '1m 00s'],
    [125_400, '2m 05s'],
    [3_599_600, '1h 00m'],
    [3_720_000, '1h 02m'],
    [86_399_999, '1d 0h'],
    [273_600_000, '3d 4h'],
  ])('%d ms last %s', (ms, expected) => {
    expect(formatDuration(ms)).toBe(expected);
  });

  it('a time is the same on every machine, and no time is no error', () => {
    expect(formatTime(1_795_251_600_000.25)).toBe('2026-11-21 09:00:00.000 UTC');
    expect(formatTime(1e20)).toBe('at an unknown time');
  });

  it('tokens and money are what was counted, and nothing else', () => {
    const usage = { inputTokens: 1_234_567, outputTokens: 0, cacheReadTokens: 1000, cost: { usd: 0.00314, eur: 12.5 } };
    expect(formatUsage(usage)).toEqual(['1,234,567 tokens in', '12.5 EUR', '$0.0031']);
    expect(formatUsageInFull({ ...usage, reasoningTokens: 12 })).toEqual([
      '1,234,567 tokens in',
      '1,000 from cache',
      '12 for reasoning',
      '12.5 EUR',
      '$0.0031',
    ]);
    expect(formatUsage({ outputTokens: 5 })).toEqual(['5 tokens out']);
    expect(formatUsage({ inputTokens: 2310, outputTokens: 184 })).toEqual(['2,310 → 184 tokens']);
    expect(formatUsage({ inputTokens: 0, outputTokens: 0, cost: { usd: 0, eur: 0.000_01 } })).toEqual(['< 0.0001 EUR']);
    expect(formatUsage({})).toEqual([]);
  });

  it('nouns agree with their number', () => {
    expect([0, 1, 2, 1500].map((number) => counted(number, 'handoff'))).toEqual([
      '0 handoffs',
      '1 handoff',
      '2 handoffs',
      '1,500 handoffs',
    ]);
  });
});
