import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SecretNames, withoutSecrets } from '../../src/secrets.ts';

const names = new SecretNames();
const text = 'hunter2';

describe('the name of a secret', () => {
  it.each([
    ...['password', 'DB_PASSWORD', 'dbPassword', 'db-password', 'db.password', 'Password', 'passWord', 'pass_word'],
    ...['passwordHash', 'password2', 'password_prod', 'PASSWORD_DB', 'newPassword', 'password_confirmation'],
    ...[
      'PGPASSWORD',
      'clientsecret',
      'sessioncookie',
      'x-accesskey',
      'mysqlpwd',
      'MYSQL_PWD',
      'userpassword',
      'dbpass',
    ],
    ...['apiKey', 'api_key', 'x-api-key', 'OPENAI_API_KEY', 'APIKey', 'API_KEY_OPENAI', 'apikey', 'api key'],
    ...[
      'AWS_SECRET_ACCESS_KEY',
      'stripeSecretKey',
      'privateKeyPem',
      'ssh_private_key',
      'signingKey',
      'SECRET_KEY_BASE',
    ],
    ...[
      'token',
      'GITHUB_TOKEN',
      'userToken',
      'x-auth-token',
      'X-Amz-Security-Token',
      'oauth2Token',
      'csrf_token',
      'token_value',
    ],
    ...[
      'secret',
      'client_secret',
      'webhookSecret',
      'cookie',
      'Set-Cookie',
      'authorization',
      'http.request.header.authorization',
    ],
    ...['credentials', 'credential', 'connectionString', 'CONNECTION_STRING', 'phpsessid', 'AccountKey', 'seed phrase'],
  ])('%s hides what it names, in an object and in a text', (name) => {
    expect(names.hides(name, text)).toBe(true);
    expect(names.hides(name, 7)).toBe(true);
    expect(withoutSecrets(JSON.stringify({ [name]: text }))).toBe(JSON.stringify({ [name]: '[REDACTED]' }));
  });

  it.each([
    ...[
      'total_tokens',
      'maxTokens',
      'inputTokens',
      'tokenizer',
      'token_count',
      'tokenUsage',
      'token_type',
      'time_to_first_token',
    ],
    ...['nextPageToken', 'eos_token', 'cost_per_token', 'x-ratelimit-remaining-tokens', 'token_endpoint', 'tokenId'],
    ...[
      'keyboard',
      'secretary',
      'monkey',
      'turkey',
      'hotkey',
      'primary_key',
      'public_key',
      'publicKey',
      'sort_key',
      'key',
      'keys',
    ],
    ...[
      'idempotency_key',
      'baton.agent.key',
      'baton.step.key',
      'api_key_id',
      'access_key_id',
      'passenger',
      'passport',
      'bypass',
    ],
    ...[
      'compass',
      'author',
      'authorId',
      'authority',
      'authorized',
      'authorization_url',
      'cookies_accepted',
      'cookie_consent',
    ],
    ...[
      'passwordless',
      'password_length',
      'password_reset_required',
      'secret_name',
      'secretArn',
      'bearer',
      'session_id',
      '',
    ],
  ])('%s hides nothing', (name) => {
    for (const value of ['abc', text, 7, true, ['abc']])
      expect([value, names.hides(name, value)]).toEqual([value, false]);
    const json = JSON.stringify({ [name]: text });
    expect(withoutSecrets(json)).toBe(json);
  });

  it.each(['tokens', 'apiKeys', 'secrets', 'passwords', 'cookies'])('%s hides texts, and no counts', (name) => {
    for (const count of [0, 120, 1n, true, false, '120', '1,200', '50%']) expect(names.hides(name, count)).toBe(false);
    expect(names.hides(name, 'q7Wb3Xk9Lm2Vt5')).toBe(true);
    for (const json of [`{"${name}":["q7Wb3Xk9Lm2Vt5"]}`, `{"${name}":{"a":"q7Wb3Xk9Lm2Vt5"}}`]) {
      expect(withoutSecrets(json)).toBe(json.replace('q7Wb3Xk9Lm2Vt5', '[REDACTED]'));
    }
    expect(withoutSecrets(`{"${name}":{"input":5,"output":7}}`)).toBe(`{"${name}":{"input":5,"output":7}}`);
  });

  it('hides nothing where there is nothing, and no answer to a question', () => {
    for (const value of [null, undefined, '']) expect(names.hides('password', value)).toBe(false);
    expect(names.hides('hasPassword', true)).toBe(false);
    expect(names.hides('hasPassword', text)).toBe(true);
  });

  it('is a setting: pass and auth hide what looks like one, PWD hides no folder', () => {
    expect(['swordfish', 'ok', 'all tests'].map((value) => names.hides('pass', value))).toEqual([true, false, false]);
    expect(['ada:hunter2', 'basic', 'oauth2'].map((value) => names.hides('auth', value))).toEqual([true, false, false]);
    expect(['/home/ada', 'C:\\ada', 'hunter2'].map((value) => names.hides('pwd', value))).toEqual([false, false, true]);
  });

  it('may be the app’s own, also at the end of a longer one, in every form', () => {
    const own = new SecretNames({ keys: ['iban', 'patient-id'] });
    for (const name of ['IBAN', 'customerIban', 'patient_id', 'PatientId', 'patientid', 'first patient id']) {
      expect([name, own.hides(name, 7)]).toEqual([name, true]);
    }
    for (const name of ['ibans', 'iban_valid', 'id', 'patient'])
      expect([name, own.hides(name, text)]).toEqual([name, false]);
    for (const said of ['iban: DE00', 'patientId=DE00', '{"customer_iban":"DE00"}', '--iban DE00', '["iban","DE00"]']) {
      expect(withoutSecrets(said, own)).toBe(said.replace('DE00', '[REDACTED]'));
    }
  });

  it('may be allowed, only that one, in every form', () => {
    const own = new SecretNames({ allowKeys: ['Token'] });
    for (const said of [
      'token: abc123',
      'token=abc123',
      '{"token":"abc123"}',
      '--token abc123',
      '["token","abc123"]',
    ]) {
      expect(withoutSecrets(said, own)).toBe(said);
      const other = said.replace('token', 'github_token');
      expect(withoutSecrets(other, own)).toBe(other.replace('abc123', '[REDACTED]'));
    }
  });

  it('is the same in whatever case and with whatever separators', () => {
    const separators = fc.constantFrom('_', '-', '.', ' ');
    const cases = fc.constantFrom<(word: string) => string>(
      (word) => word,
      (word) => word.toUpperCase(),
      (word) => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`,
    );
    const word = fc.constantFrom('db', 'user', 'x', 'my', 'service');
    fc.assert(
      fc.property(
        word,
        fc.constantFrom('password', 'secret', 'api_key', 'token'),
        separators,
        cases,
        (first, last, separator, as) => {
          const name = [first, ...last.split('_')].map(as).join(separator);
          expect(names.hides(name, text)).toBe(true);
        },
      ),
    );
  });
});
