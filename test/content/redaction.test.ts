import { describe, expect, it } from '@jest/globals';
import { foreshorten } from '../../src/content/limits.ts';
import { Baton, type BatonOptions, type RedactionOptions } from '../../src/index.ts';
import { withoutSecrets } from '../../src/secrets.ts';
import { expectLinear } from '../support/growth.ts';
import { recordEachTest } from '../support/recording.ts';

const recording = recordEachTest();

const PREFIX = 'baton.metadata.';

/** The metadata that leaves the process for what the app gave. */
function metadata(given: Record<string, unknown>, redaction?: RedactionOptions): Record<string, unknown> {
  new Baton({ agent: 'triage', redaction }).withRun({ metadata: given }, () => {});
  const attributes = Object.entries(recording.spans().at(-1)?.attributes ?? {});
  return Object.fromEntries(
    attributes.filter(([key]) => key.startsWith(PREFIX)).map(([key, value]) => [key.slice(PREFIX.length), value]),
  );
}

/** The summary that leaves the process for what the app gave. */
function summary(inputSummary: string | object, options: Partial<BatonOptions> = {}): unknown {
  new Baton({ agent: 'triage', ...options }).withRun({ inputSummary }, () => {});
  return recording.spans().at(-1)?.attributes['baton.run.input_summary'];
}

const KEYS = [
  ...['apiKey', 'api_key', 'API-KEY', 'x-api-key', 'X-Api-Key', 'password', 'Password', 'PASSWORD', 'passwd'],
  ...['passphrase', 'secret', 'token', 'Authorization', 'proxy-authorization', 'access_token', 'accessToken'],
  ...[
    'refresh_token',
    'id_token',
    'auth_token',
    'bearerToken',
    'session_token',
    'private_key',
    'privateKey',
    'secretKey',
  ],
  ...['secret_access_key', 'secret.access.key', 'client secret', 'clientSecret', 'credentials', 'cookie', 'Set-Cookie'],
  ...['connectionString', 'CONNECTION_STRING'],
];

describe('a secret’s key', () => {
  it.each(KEYS)('%s is one, in metadata and in an object, whatever its value is', (key) => {
    for (const value of ['abc', 7, true, { nested: 'abc' }, ['abc'], 10n]) {
      expect(metadata({ [key]: value })).toEqual({ [key]: '[REDACTED]' });
      expect(summary({ deep: [{ [key]: value }] })).toBe(JSON.stringify({ deep: [{ [key]: '[REDACTED]' }] }));
      expect(summary(new Map([[key, value]]))).toBe(JSON.stringify({ [key]: '[REDACTED]' }));
    }
  });

  it.each([
    ...['total_tokens', 'totalTokens', 'inputTokens', 'tokens', 'tokenizer', 'token_count', 'max_tokens', 'secretary'],
    ...[
      'passwordless',
      'authorize',
      'authorized',
      'cookies_accepted',
      'key',
      'keys',
      'apikeys',
      'public_key',
      'bearer',
    ],
  ])('%s is none: names are compared as a whole', (key) => {
    expect(metadata({ [key]: 7 })).toEqual({ [key]: 7 });
    expect(summary({ [key]: 'abc' })).toBe(JSON.stringify({ [key]: 'abc' }));
  });

  it('may be the app’s own, compared in the same way', () => {
    const redaction = { keys: ['iban', 'patient-id'] };
    expect(metadata({ IBAN: 'DE00', patient_id: 7, PatientId: 8, ibans: 9 }, redaction)).toEqual({
      IBAN: '[REDACTED]',
      patient_id: '[REDACTED]',
      PatientId: '[REDACTED]',
      ibans: 9,
    });
  });

  it('may be allowed, and only that one', () => {
    expect(metadata({ token: 'T-1', apiKey: 'abc' }, { allowKeys: ['Token'] })).toEqual({
      token: 'T-1',
      apiKey: '[REDACTED]',
    });
  });

  it('is one when the app forbids and allows it: redaction.keys wins over the built-in list alone', () => {
    expect(metadata({ token: 'T-1' }, { keys: ['token'], allowKeys: ['token'] })).toEqual({ token: 'T-1' });
  });

  it('that is allowed still has its value looked at', () => {
    expect(metadata({ token: 'Bearer abcdefgh12345' }, { allowKeys: ['token'] })).toEqual({
      token: 'Bearer [REDACTED]',
    });
  });

  it('is one in what crosses to a tool and a model, and comes back', () => {
    const baton = new Baton({ agent: 'triage', content: 'full' });
    baton.withRun({}, () => {
      baton.withTool({ tool: 'login', arguments: { user: 'ada', password: 'abc' } }, (call) =>
        call.setResult({ access_token: 'abc' }),
      );
    });
    const attributes = recording.spans()[0]?.attributes;
    expect(attributes?.['gen_ai.tool.call.arguments']).toBe('{"user":"ada","password":"[REDACTED]"}');
    expect(attributes?.['gen_ai.tool.call.result']).toBe('{"access_token":"[REDACTED]"}');
  });

  it('is one in a JSON text, whole value and all', () => {
    expect(summary('{"user":"ada","password":"correct horse, battery"}')).toBe(
      '{"user":"ada","password":"[REDACTED]"}',
    );
  });

  it('is one in a JSON text inside a JSON text', () => {
    const text = JSON.stringify({ body: JSON.stringify({ password: 'hunter2', user: 'ada' }) });
    expect(summary(text)).not.toContain('hunter2');
    expect(summary(text)).toContain('ada');
    expect(summary({ body: text })).not.toContain('hunter2');
  });
});

// The secret, and a text around it in which the rest stays.
const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dBjftJeZ4CVPmB92K27uhbUJU1p1r';
const pem = `-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nq4K9\n-----END RSA PRIVATE KEY-----`;

describe('a secret’s value', () => {
  it.each<[string, string, string]>([
    ['a bearer token', 'sent Bearer abcDEF12.-~+/=, then', 'sent Bearer [REDACTED], then'],
    ['a bearer token in lower case', 'authorization: bearer abcdefgh', 'authorization: bearer [REDACTED]'],
    ['basic credentials', 'Authorization: Basic dXNlcjpwYXNz', 'Authorization: Basic [REDACTED]'],
    ['basic credentials behind a tab', 'Authorization: Basic\tdXNlcjpwYXNz', 'Authorization: Basic [REDACTED]'],
    ['a JSON web token', `got ${jwt} today`, 'got [REDACTED] today'],
    [
      'a JSON web token without signature',
      `got ${jwt.split('.').slice(0, 2).join('.')}. today`,
      'got [REDACTED] today',
    ],
    ['an OpenAI key', 'with sk-proj-abcdefghijklmnop1234 today', 'with [REDACTED] today'],
    ['an Anthropic key', 'with sk-ant-api03-abcdefghijklmnop today', 'with [REDACTED] today'],
    ['a Stripe key', 'with sk_live_abcdefghijklmnop and rk_live_abcdefghijklmnop', 'with [REDACTED] and [REDACTED]'],
    ['a GitHub token', `with ghp_${'a1'.repeat(18)} today`, 'with [REDACTED] today'],
    ['a fine-grained GitHub token', `with github_pat_${'a1'.repeat(20)} today`, 'with [REDACTED] today'],
    ['a Slack token', 'with xoxb-1234567890-abcdef today', 'with [REDACTED] today'],
    ['an AWS key', 'with AKIAIOSFODNN7EXAMPLE today', 'with [REDACTED] today'],
    ['a temporary AWS key', 'with ASIAIOSFODNN7EXAMPLE today', 'with [REDACTED] today'],
    ['a Google key', `with AIza${'a'.repeat(35)} today`, 'with [REDACTED] today'],
    ['a private key block', `key:\n${pem}\nend`, 'key:\n[REDACTED]\nend'],
    ['a private key block that is cut off', `key:\n${pem.slice(0, 45)}`, 'key:\n[REDACTED]'],
    ['a password in a URL', 'at postgres://ada:p%40ss!@db:5432/x now', 'at postgres://ada:[REDACTED]@db:5432/x now'],
    ['a password without a user in a URL', 'at redis://:pass@cache now', 'at redis://:[REDACTED]@cache now'],
    ['a token in a query', 'GET /a?token=abc&page=2', 'GET /a?token=[REDACTED]&page=2'],
    ['an access token in a query', 'GET /a?page=2&access_token=abc', 'GET /a?page=2&access_token=[REDACTED]'],
    ['a password in words', 'the password: hunter2 fails', 'the password: [REDACTED] fails'],
    ['a password in quotes', `password = 'hunter2'`, `password = '[REDACTED]'`],
    ['a password of several words in quotes', `password="correct horse, battery"`, `password="[REDACTED]"`],
    ['an API key in words', 'api key: abc123', 'api key: [REDACTED]'],
    [
      'an API key, spelled otherwise',
      'apiKey=abc api_key=abc api-key=abc',
      'apiKey=[REDACTED] api_key=[REDACTED] api-key=[REDACTED]',
    ],
    ['a client secret', 'client_secret=abc', 'client_secret=[REDACTED]'],
    ['a private key’s name', 'private_key=abc', 'private_key=[REDACTED]'],
    ['a variable of the environment', 'DB_PASSWORD=hunter2', 'DB_PASSWORD=[REDACTED]'],
    ['a key in a variable of the environment', 'export OPENAI_API_KEY=abc123', 'export OPENAI_API_KEY=[REDACTED]'],
    [
      'a secret key in a variable of the environment',
      'AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI',
      'AWS_SECRET_ACCESS_KEY=[REDACTED]',
    ],
    ['all of several', 'token=abc, password=def', 'token=[REDACTED], password=[REDACTED]'],
  ])('%s goes, and the rest of the text stays', (_, text, expected) => {
    expect(summary(text)).toBe(expected);
    expect(summary({ text })).toBe(JSON.stringify({ text: expected }));
    expect(metadata({ text })).toEqual({ text: expected });
  });

  it.each([
    'the bearer of this ticket is basic',
    'a basic question about the Basic subscription',
    'task-sk-short, risk_assessment_of_everything_at_once, desk-reservation-number-12345',
    'total_tokens=5, max_tokens: 100, token count 7',
    'input_tokens: 5',
    'tokens=12',
    'secretary: Ada',
    'the secret of success',
    'no password was given',
    'passwordless=true',
    'https://example.com:8080/a@b',
    'mailto:ada@example.com',
    'https://example.com/users/@ada',
    'ASIA is a continent, AKIA is none',
    'eyJ is how they start',
    'xoxo',
    '-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----',
    `traceparent 00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
    '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
  ])('stays: %s', (text) => {
    expect(summary(text)).toBe(text);
  });

  it.each<[string, string]>([
    ['a name', 'sk-abcdefghijklmnop1234'],
    ['an id in words', 'ticket password=hunter2'],
  ])('goes from %s, wherever it is written', (_, secret) => {
    const baton = new Baton({ agent: { key: secret, name: secret, description: secret, version: secret } });
    baton.withSession({ id: secret, kind: secret, name: secret, userId: secret, conversationId: secret }, () => {
      baton.withRun({ stepKey: secret, stepName: secret, role: secret, environment: secret }, () => {
        baton.withTool(
          {
            tool: { name: secret, provider: secret, riskLevel: secret, type: secret, description: secret },
            action: { type: secret, name: secret },
            resource: { type: secret, externalId: secret, provider: secret, environment: secret },
            callId: secret,
            idempotencyKey: secret,
          },
          () => {},
        );
        baton.withLlmCall({ model: secret, provider: secret, operation: secret }, (call) =>
          call.setResponse({ id: secret, model: secret, finishReasons: [secret], usage: { cost: { [secret]: 1 } } }),
        );
        baton.trackHandoffRequested({ target: secret, reason: secret, reasonType: secret });
        baton.track({ type: secret, payload: { [secret]: secret } });
      });
    });
    const text = JSON.stringify(recording.spans().map(({ name, attributes, events }) => [name, attributes, events]));
    expect(text.toLowerCase()).not.toContain('hunter2');
    expect(text.toLowerCase()).not.toContain('abcdefghijklmnop1234');
    expect(recording.spans()).toHaveLength(5);
  });
});

describe('a pattern of the app’s own', () => {
  it.each([/\d{3}-\d{2}-\d{4}/, /\d{3}-\d{2}-\d{4}/g, /\d{3}-\d{2}-\d{4}/y, /\d{3}-\d{2}-\d{4}/gimsuy])(
    '%s matches everywhere and every time, and its own state is left alone',
    (pattern) => {
      pattern.lastIndex = 5;
      const redaction = { patterns: [pattern] };
      const baton = new Baton({ agent: 'triage', redaction });
      for (let time = 0; time < 4; time++) {
        baton.withRun({ inputSummary: 'a 123-45-6789 b 987-65-4321 c' }, () => {});
      }
      expect(recording.spans().map(({ attributes }) => attributes['baton.run.input_summary'])).toEqual(
        Array(4).fill('a [REDACTED] b [REDACTED] c'),
      );
      expect(pattern.lastIndex).toBe(5);
    },
  );

  it('keeps its flags', () => {
    expect(summary('ÄPFEL und\nBirnen', { redaction: { patterns: [/äpfel.*birnen/isu] } })).toBe('[REDACTED]');
    expect(summary('Secretly, HIDDEN', { redaction: { patterns: [/hidden/] } })).toBe('Secretly, HIDDEN');
  });

  it('comes after the built-in ones, and all of several hold', () => {
    const redaction = { patterns: [/ada/gi, /lovelace/i] };
    expect(summary('Ada Lovelace, token=abc', { redaction })).toBe('[REDACTED] [REDACTED], token=[REDACTED]');
  });

  it('that matches nothing at all costs no time and no text', () => {
    expect(summary('abc', { redaction: { patterns: [/(?:)/] } })).toContain('abc'[0]);
  });

  it('holds for numbers as for texts, in metadata, in objects, in keys and in ids', () => {
    const card = 4111111111111111;
    const redaction = { patterns: [/\b4\d{15}\b/] };
    expect(metadata({ card, list: [card, BigInt(card)], ok: 5 }, redaction)).toEqual({
      card: '[REDACTED]',
      list: '["[REDACTED]","[REDACTED]"]',
      ok: 5,
    });
    for (const value of [
      { card },
      { card: BigInt(card) },
      [card],
      { [card]: 1 },
      new Map([[card, card]]),
      Object(card),
    ]) {
      expect(summary(value, { redaction })).not.toContain(String(card));
      expect(summary(value)).toContain(String(card));
    }
    new Baton({ agent: 'triage', redaction }).withSession({ id: card as never }, () => {});
    expect(recording.spans().at(-1)?.attributes['session.id']).toBe('[REDACTED]');
  });

  it('holds for warnings and for the errors of strict mode, as own names and the hook do', () => {
    const warned: string[] = [];
    const redaction = {
      patterns: [/ada/gi],
      keys: ['iban'],
      redact: (text: string, key: string) => text.replace('Bob', key === 'warning' ? '[B.]' : ''),
    };
    const onWarning = ({ message }: { message: string }): void => void warned.push(message);
    const wrong = 'of Ada and Bob, iban: DE00';
    new Baton({ agent: 'triage', redaction, onWarning }).withRun({ parentRunId: wrong }, () => {});
    expect(warned.join()).toContain('got "of [REDACTED] and [B.], iban: [REDACTED]"');
    const strict = new Baton({ agent: 'triage', redaction, strict: true });
    expect(() => strict.withRun({ parentRunId: wrong }, () => {})).toThrow(
      'got "of [REDACTED] and [B.], iban: [REDACTED]"',
    );
  });

  it('holds for a warning that the hook itself causes, which is not asked about it again', () => {
    const warned: string[] = [];
    const redact = (text: string): string => {
      throw new Error(`cannot read ${text}, password=hunter2`);
    };
    const onWarning = ({ message }: { message: string }): void => void warned.push(message);
    new Baton({ agent: 'triage', redaction: { redact }, onWarning }).withRun({ parentRunId: 'x' }, () => {});
    expect(warned.join()).toContain('redaction.redact threw');
    expect(warned.join()).not.toContain('hunter2');
  });

  it('holds for names as for texts', () => {
    new Baton({ agent: 'agent of ada', redaction: { patterns: [/ada/] } }).withRun({}, () => {});
    expect(recording.spans()[0]?.name).toBe('invoke_agent agent of [REDACTED]');
  });
});

describe('the redact hook', () => {
  it('has the last word on every text: what it gives is written', () => {
    expect(summary('Ada, token=abc', { redaction: { redact: (text) => text.toUpperCase() } })).toBe(
      'ADA, TOKEN=[REDACTED]',
    );
  });

  it('is told the key: the attribute’s, or the one in the object', () => {
    const keys = new Set<string>();
    const redact = (text: string, key: string): string => {
      keys.add(key);
      return text;
    };
    metadata({ email: 'a', nested: { phone: 'b' } }, { redact });
    for (const key of ['email', 'phone', 'baton.agent.key']) expect([...keys]).toContain(key);
  });

  it('drops what it gives undefined for, and leaves the span', () => {
    const redact = (text: string, key: string): string | undefined => (key === 'email' ? undefined : text);
    expect(metadata({ email: 'ada@example.com', ticket: 'T-1' }, { redact })).toEqual({ ticket: 'T-1' });
    expect(summary({ email: 'ada@example.com', ticket: 'T-1' }, { redaction: { redact } })).not.toContain('ada@');
  });

  it('that throws drops the value, and leaves the span and the rest', () => {
    const redact = (text: string, key: string): string => {
      if (key === 'email') throw new Error('no');
      return text;
    };
    expect(metadata({ email: 'ada@example.com', ticket: 'T-1' }, { redact })).toEqual({ ticket: 'T-1' });
  });

  it('that throws for everything leaves spans without texts, and the result of the callback', () => {
    const redact = (): never => {
      throw new Error('no');
    };
    const baton = new Baton({ agent: 'triage', redaction: { redact } });
    const result = baton.withSession({ kind: 'pipeline', inputSummary: 'Ada' }, () =>
      baton.withRun({ agent: 'Ada', stepKey: 'Ada', metadata: { Ada: 'Ada' } }, () =>
        baton.withTool({ tool: 'Ada' }, () => 'result'),
      ),
    );
    expect(result).toBe('result');
    const spans = recording.spans().map(({ name, attributes }) => [name, attributes]);
    expect(spans).toHaveLength(3);
    expect(JSON.stringify(spans)).not.toContain('Ada');
  });

  it('is asked for numbers and booleans never, and for what was redacted by key never', () => {
    const asked: string[] = [];
    const redact = (text: string, key: string): string => {
      asked.push(`${key}=${text}`);
      return text;
    };
    metadata({ count: 1, ok: true, password: 'hunter2' }, { redact });
    expect(asked.join()).not.toMatch(/count=1|ok=true|hunter2/);
  });

  it('is asked for the message and the stack of an error', () => {
    const redact = (text: string): string => text.replaceAll('Ada', '[name]');
    const baton = new Baton({ agent: 'triage', redaction: { redact } });
    try {
      baton.withRun({}, () => {
        throw new Error('Ada is unknown');
      });
    } catch {}
    const [span] = recording.spans();
    expect(span?.status.message).toBe('[name] is unknown');
    expect(JSON.stringify(span?.events)).not.toContain('Ada');
  });
});

describe('redaction', () => {
  it.each<[string, number, (times: number) => string]>([
    ['that nearly look like JSON web tokens', 16_000, (times) => '-eyJ'.repeat(times)],
    ['that nearly look like keys', 7_000, (times) => 'sk-short '.repeat(times)],
    ['that nearly look like private keys', 2_000, (times) => '-----BEGIN A PRIVATE KEY-----'.repeat(times)],
    ['that nearly look like URLs', 16_000, (times) => '://:'.repeat(times)],
    ['with a password behind many spaces', 32_000, (times) => `password${' '.repeat(times)}`.repeat(2)],
    ['with many names and no values', 10_000, (times) => 'token '.repeat(times)],
    ['with many quotes', 60_000, (times) => `token${'"'.repeat(times)}`],
  ])('takes time in proportion to their length at most, for texts %s', (_, times, make) => {
    const baton = new Baton({ agent: 'triage' });
    expectLinear(times / 4, make, (text) => baton.withRun({ inputSummary: text }, () => {}));
  });

  it('comes before the cut, so that no half of a secret stays', () => {
    for (let length = 1_940; length < 2_010; length++) {
      const written = String(summary(`${'a'.repeat(length)} sk-abcdefghijklmnop1234`));
      expect(/sk-\w*/.exec(written)?.[0]).toBeUndefined();
    }
  });

  it('leaves no half of a secret in a warning, which quotes only a part of what was given', () => {
    for (let length = 0; length < 60; length++) {
      const warned: string[] = [];
      const baton = new Baton({ agent: 'triage', onWarning: ({ message }) => void warned.push(message) });
      baton.withRun(
        { parentRunId: `${'a '.repeat(length / 2)}sk-proj-abcdefghijklmnop1234 ${'b'.repeat(40)}` },
        () => {},
      );
      expect(warned.join()).not.toMatch(/sk-p|abcdefg/);
    }
  });

  it.each([
    'https://ada:hunter2hunter2@example.com/',
    'ghp_hunter2hunter2hunter2hunter2hunter2',
    '{"password":"hunter2 hunter2 hunter2"}',
    'Authorization: Bearer hunter2hunter2hunter2',
    'Server=x;Password=hunter2 hunter2;Database=y',
  ])('leaves no half of %j, wherever a very long text is cut before it is read', (secret) => {
    for (const filling of ['a ', 'a,', '"a"', 'a=1&', `${'a'.repeat(3_000)}\n`]) {
      for (let at = 0; at <= secret.length + 2; at++) {
        const start = 64_100 - at;
        const before = filling.repeat(Math.ceil(start / filling.length)).slice(0, start - 1);
        const text = `${before} ${secret} ${'b '.repeat(5_000)}`;
        // The secret is at its end, if anywhere.
        expect(withoutSecrets(foreshorten(text, 100).slice(-4_000))).not.toContain('hunter');
      }
    }
  });

  it('leaves no half of a secret where a very long text is cut before it is read', () => {
    for (const length of [63_970, 63_980, 63_990]) {
      const text = `${'a'.repeat(length)} sk-abcdefghijklmnop1234 ${'b'.repeat(5_000)}`;
      const written = String(summary({ text }, { maxAttributeBytes: 100_000 }));
      expect(/sk-a\w*/.exec(written)?.[0]).toBeUndefined();
    }
  });
});
