import fc from 'fast-check';

/** A secret with what stands around it, and the part of it that may not leave the process. */
export interface Sample {
  readonly text: string;
  readonly core: string;
}

const ALPHANUMERIC = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const letters = (from: string, length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...from), minLength: length, maxLength: length });
/** With a digit and a letter, so that it is no word. */
const word = (length: number): fc.Arbitrary<string> => letters(ALPHANUMERIC, length - 2).map((rest) => `q7${rest}`);

const like = (make: (core: string) => string, core = word(24)): fc.Arbitrary<Sample> =>
  core.map((it) => ({ text: make(it), core: it }));

/** Beginnings of tokens; those that are shorter or longer have entries of their own below. */
export const PREFIXED: readonly string[] = [
  ...[
    'sk-',
    'sk-proj-',
    'sk-ant-api03-',
    'sk_live_',
    'sk_test_',
    'rk_live_',
    'pk_live_',
    'whsec_',
    'shpat_',
    'sq0atp-',
  ],
  ...[
    'ghp_',
    'gho_',
    'ghu_',
    'ghs_',
    'ghr_',
    'github_pat_',
    'glpat-',
    'glrt-',
    'gldt-',
    'npm_',
    'pypi-AgE',
    'rubygems_',
  ],
  ...[
    'hf_',
    'gsk_',
    'pplx-',
    'xai-',
    'r8_',
    'tvly-',
    'nvapi-',
    'lsv2_pt_',
    'xoxb-',
    'xoxp-',
    'xapp-1-',
    'ya29.',
    'SG.abcdef.',
  ],
  ...[
    'dckr_pat_',
    'figd_',
    'lin_api_',
    'ntn_12345678901',
    'hvs.',
    'glsa_',
    'glc_',
    'PMAK-',
    'NRAK-',
    'pul-',
    'sntryu_',
    'tskey-auth-',
  ],
];

/** The well-known kinds of secrets. */
export const KINDS: Readonly<Record<string, fc.Arbitrary<Sample>>> = {
  ...Object.fromEntries(PREFIXED.map((prefix) => [`${prefix}…`, like((core) => `${prefix}${core}`)])),
  'an AWS key': like((core) => `AKIA${core}`, letters('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16)),
  'a Google key': like((core) => `AIza${core}`, word(35)),
  'a Twilio key': like((core) => `SK${core}`, letters('0123456789abcdef', 32)),
  'a DigitalOcean token': like((core) => `dop_v1_${core}`, letters('0123456789abcdef', 64)),
  'a Databricks token': like((core) => `dapi${core}`, letters('0123456789abcdef', 32)),
  'a Telegram token': like((core) => `https://api.telegram.org/bot123456789:AA${core}/getMe`, word(33)),
  'a Discord token': like((core) => `MTA${core}.GabcDe.${core}`, word(24)).map(({ text, core }) => ({
    text: `${text}xyz`,
    core,
  })),
  'an Azure secret': like((core) => `abc8Q~${core}`, word(34)),
  'a Slack hook': like((core) => `https://hooks.slack.com/services/T0ABC123/B0ABC123/${core}`),
  'a storage account': like((core) => `AccountName=x;AccountKey=${core}==;EndpointSuffix=y`, word(40)),
  'a JSON web token': like((core) => `eyJhbGciOiJIUzI1NiJ9.${core}.${core}`),
  'a bearer token': like((core) => `Bearer ${core}`),
  'basic credentials': word(20).map((core) => {
    const encoded = btoa(`ada:${core}`).replace(/=+$/, '');
    return { text: `Basic ${encoded}`, core: encoded };
  }),
  'a password in an address': like((core) => `postgres://ada:${core}@db:5432/x`),
  'one with @ in it': like((core) => `postgres://ada:p@${core}@db:5432/x`),
  'one with % in it': like((core) => `postgres://ada:100%${core}@db:5432/x`),
  'one without a user': like((core) => `http://:${core}@host/`),
  'a private key': like(
    (core) => `-----BEGIN RSA PRIVATE KEY-----\n${core}\n${core}\n-----END RSA PRIVATE KEY-----`,
    word(64),
  ),
  'a PGP key': like(
    (core) => `-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n${core}\n-----END PGP PRIVATE KEY BLOCK-----`,
    word(64),
  ),
};

export const NAMES: readonly string[] = [
  ...['password', 'DB_PASSWORD', 'dbPassword', 'userPassword', 'PGPASSWORD', 'passphrase', 'MYSQL_PWD', 'api_key_prod'],
  ...['x-api-key', 'OPENAI_API_KEY', 'AWS_SECRET_ACCESS_KEY', 'stripeSecretKey', 'private_key', 'signingKey', 'apikey'],
  ...[
    'GITHUB_TOKEN',
    'x-auth-token',
    'access_token',
    'clientsecret',
    'client_secret',
    'sessioncookie',
    'authorization',
  ],
  ...['connection_string', 'credentials', 'password2', 'x-amz-security-token', 'csrf', 'OPENAI_KEY'],
];

/** How a text gives a value to a name. */
export const FORMS: Readonly<Record<string, (name: string, value: string) => string>> = {
  'name=value': (name, value) => `${name}=${value}`,
  'name: value': (name, value) => `${name}: ${value}`,
  'name = value': (name, value) => `${name} = ${value}`,
  'name => value': (name, value) => `${name} => ${value}`,
  "'name' => 'value'": (name, value) => `'${name}' => '${value}'`,
  JSON: (name, value) => JSON.stringify({ a: 1, [name]: value, b: 2 }),
  'JSON on several lines': (name, value) => JSON.stringify({ a: { [name]: value } }, null, 2),
  'a list in JSON': (name, value) => JSON.stringify({ [name]: [value, value] }),
  YAML: (name, value) => `a: 1\n${name}: ${value}\nb: 2`,
  'YAML in quotes': (name, value) => `${name}: "${value}"`,
  'a block of YAML': (name, value) => `${name}: |\n  ${value}\nb: 2`,
  'a list of YAML': (name, value) => `a: 1\n${name}:\n- ${value}\n- x\nb: 2`,
  LDIF: (name, value) => `cn: ada\n${name}:: ${value}\n`,
  'the line below': (name, value) => `${name}:\n${value}\n`,
  'a call': (name, value) => `headers.set('${name}', '${value}');`,
  'a call by name': (name, value) => `connect(user='ada', ${name.replaceAll('-', '_')}='${value}')`,
  '.env': (name, value) => `A=1\n${name}=${value}\nB=2`,
  'a shell': (name, value) => `export ${name}='${value}'`,
  'a command line': (name, value) => `run --${name} ${value} x`,
  'a command line with =': (name, value) => `run --${name}=${value} x`,
  'a command line in JSON': (name, value) => JSON.stringify(['run', `--${name}`, value]),
  'a query': (name, value) => `/a?x=1&${name}=${value}&y=2`,
  cookies: (name, value) => `Cookie: a=1; ${name}=${value}; b=2`,
  'a connection string': (name, value) => `Server=x;${name}=${value};Database=y`,
  '{ name, value }': (name, value) => JSON.stringify([{ name, value }]),
  '{ value, name }': (name, value) => JSON.stringify([{ value, name }]),
  '{ key, value }': (name, value) => JSON.stringify({ key: name, value }),
  pairs: (name, value) =>
    JSON.stringify([
      [name, value],
      ['host', 'x'],
    ]),
  Python: (name, value) => `{'${name}': '${value}', 'a': 1}`,
  JavaScript: (name, value) => `{ '${name}': '${value}' }`,
  XML: (name, value) => `<a><${name}>${value}</${name}></a>`,
  'a form': (name, value) => `<input name="${name}" value="${value}">`,
  'a form, the other way round': (name, value) => `<input value="${value}" type="hidden" name="${name}"/>`,
  HTTP: (name, value) => `GET / HTTP/1.1\r\nHost: x\r\n${name}: ${value}\r\n\r\n`,
};

/** What stands around a text, or how it is written: the same text to whoever reads it. */
export const WRAPPINGS: Readonly<Record<string, (text: string) => string>> = {
  'as it is': (text) => text,
  'in prose': (text) => `ticket 7, ${text} was given`,
  'in JSON': (text) => JSON.stringify({ content: `the text:\n${text}` }),
  'in JSON in JSON in JSON': (text) => JSON.stringify(JSON.stringify({ a: JSON.stringify({ b: text }) })),
  'behind a tab in JSON': (text) => JSON.stringify(`\t${text}`),
  'behind a control character in JSON': (text) => JSON.stringify(`\u0001${text}\u0001`),
  'in an address': (text) => `next=%2Fa%3Fk%3D${encodeURIComponent(text)}`,
  'in an address in an address': (text) => encodeURIComponent(encodeURIComponent(text)),
  'in HTML': (text) =>
    `<p>${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;')}</p>`,
  'in colour': (text) => `\u001b[32m${text}\u001b[0m`,
  'in colour in JSON': (text) => JSON.stringify(`\u001b[1;31m${text}\u001b[0m`),
  'in Markdown': (text) => `use \`${text}\` (**now**)`,
  'in a log': (text) => `2026-11-27T22:43:51Z ERROR [main] request failed: ${text}`,
  'in a table': (text) => `a | ${text} | b`,
  'behind an underscore': (text) => `_${text}`,
  'in other letters': (text) => `ключ ${text} 語`,
};

/** What people and machines write, and what holds no secret. */
export const HARMLESS: readonly string[] = [
  'Order 4321 was charged twice. The customer wants a refund: 49 EUR, please by Friday.',
  'Meeting at 10:30; bring: pen, paper. Ratio 3:2 = 1.5, see chapter 4: results.',
  'the secret of success is practice; it wants a token to go on; no password was given',
  'the bearer of this ticket has a basic subscription; Bearer authentication is required',
  'total_tokens=5, max_tokens: 100, token count 7, tokens=12, input_tokens: 5, 6m0s',
  '{"usage":{"tokens":12,"input_tokens":5,"output_tokens":7,"cached_tokens":0},"max_tokens":4096}',
  'x-ratelimit-remaining-tokens: 149984\nx-ratelimit-reset-tokens: 6m0s',
  'keyboard: qwerty, secretary: Ada, monkey=1, passenger: Ada, authorId=ada, cookies_accepted=yes, tokenizer: cl100k_base',
  'primary_key=id, public_key: abc, sort_key=a, cache_key=user:1, idempotency_key=abc-123, next_page_token=CAUQAA',
  'passwordless=true&password_reset_required=false&token_type=bearer&expires_in=3600',
  'time_to_first_token: 0.52, has_password: true, password_length: 12, session_id=507db349, grant_type=authorization_code',
  'const token = await getToken();\nconst password = req.body.password;\nif (token === undefined) return;',
  'type Login = { password: string; token?: string; apiKey: string | undefined };',
  'const { token, password } = process.env; tokens.map((token) => token.text); secret => secret.id',
  `password = os.environ["DB_PASSWORD"]\ntoken: \${{ secrets.GITHUB_TOKEN }}\nDB_PASSWORD=$DB_PASSWORD`,
  'Authorization: Bearer <token>',
  'openapi:\n  password:\n    type: string\n    minLength: 8\n  tokens:\n    - 5\n    - 7',
  'Login::token, Foo::Bar::password, a ? token : other, { token, password }, (password) => {}',
  'mkdir -p src && docker run -p 8080:80 -u 1000:1000 nginx && tar -xzf a.tgz',
  'PWD=/home/ada/project OLDPWD=/tmp npm_config_registry=https://example.com npm_package_name=shop',
  'PASS test/a.test.ts\npass: all tests are green\n12 passing, 0 failing',
  '2026-11-27T22:43:51.123Z INFO [http] GET /v1/orders/4321?page=2&sort=desc 200 12ms trace=2e5d425f0a1b2c3d4e5f60718293a4b5',
  'Error: refused\n    at Object.<anonymous> (/srv/app/src/billing/refund.ts:12:34)\n    at async task_queues:95:5',
  'commit 2e5d425f0a1b2c3d4e5f60718293a4b5c6d7e8f9, sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  'integrity sha512-9AUS4IkzKCTPfKHGJJXUvNDVVwKWZSiDBjdgCTNZpfCdkWPSJWZ9m0RGRiMMjOB7FnrHTT0Q9VNiF0cCQdyYGQ==',
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg==',
  // The beginning of many pictures.
  'iVBORw0KGgoAAAANSUhEUgAAABgAAAAYCAYAAADgdz34AAAAAXNSR0IArs4c6QAAAIRlWElmTU0AKgAAAAgABQESAAMAAAABAAEAAAEaAAUAAAABAAAASgEbAAUAAAABAAAAUgEoAAMAAAABAAIAAIdpAAQAAAABAAAAWgAAAAAAAABIAAAAAQAAAEgAAAABAAOgAQADAAAAAQ',
  '3f2504e0-4f89-41d3-9a0c-0305e82c3301 01ARZ3NDEKTSV4RRFFQ69G5FAV V1StGXR8_Z5jdHi6B-myT ck9x8v7z50000',
  `traceparent: 00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
  'https://example.com:8080/a@b, mailto:ada@example.com, https://example.com/users/@ada, git@github.com:ada/repo.git',
  'C:\\new\\temp\\readme.txt, /usr/local/bin/node, ../src/secrets.ts, s3://bucket/key/of/object.parquet',
  'task-sk-short, risk_assessment_of_everything_at_once, desk-reservation-number-12345, disk-0123456789abcdef0123456789abcdef',
  'ASIA is a continent, AKIA is none, eyJ is how they start, xoxo, SKU 12345, TASK-4321, hf_hub_download_everything_now',
  '-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----',
  '{"required":["token","repo"],"properties":{"name":{"type":"string"}},"headers":["authorization","cookie"]}',
  "SELECT id, name FROM users WHERE email = $1 AND created_at > now() - interval '7 days'",
  '<a href="https://example.com/?a=1&amp;b=2">x &lt; y</a> 100% of 50%25, a%20b, \\"quoted\\", caf\\u00e9',
  'Καλημέρα κόσμε, こんにちは世界, 😀: 👍 = ok; ключ: значение',
];
