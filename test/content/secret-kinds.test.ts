import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { readKinds, render } from '../../scripts/secret-kinds.mjs';
import { BASE64_PREFIXES, PREFIXES, RULE_SET } from '../../src/secrets/kinds.ts';
import { withoutSecrets } from '../../src/secrets.ts';
import { PREFIXED } from './secret-samples.ts';

describe('the kinds of tokens', () => {
  it('are those of the rule set that is installed: after an update, run scripts/secret-kinds.mjs', () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(RULE_SET).toBe('@secretlint/secretlint-rule-preset-recommend 13.1.0');
    expect(devDependencies['@secretlint/secretlint-rule-preset-recommend']).toBe('13.1.0');
    expect(dependencies).toBeUndefined();
    const [written, wanted] = [readFileSync('src/secrets/kinds.ts', 'utf8'), render(readKinds())];
    // Biome breaks lines.
    expect(written.replace(/[\s,]/g, '')).toBe(wanted.replace(/[\s,]/g, ''));
  });

  it.each([...new Set([...PREFIXES, ...BASE64_PREFIXES, ...PREFIXED])])('%s… goes from 20 characters on', (prefix) => {
    const body = /^[A-Z]{4}$/.test(prefix)
      ? 'AB23CD45EF67GH2345'
      : prefix === 'dapi'
        ? 'ab12cd34ef56ab12'
        : 'q7Wb3Xk9Lm2Vt5Rn8';
    for (const length of [17, 40, 200]) {
      const token = prefix + body.repeat(20).slice(0, prefix === 'dapi' ? length + 4 : length);
      expect(withoutSecrets(`with ${token} today`)).toBe('with [REDACTED] today');
      expect(withoutSecrets(token)).toBe('[REDACTED]');
    }
    expect(withoutSecrets(`${prefix} and ${prefix}x are none`)).toBe(`${prefix} and ${prefix}x are none`);
  });
});
