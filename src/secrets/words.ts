/**
 * The only list of names of secrets. Names are compared word by word, so `token` is a secret, and `total_tokens` and
 * `tokenizer` are not.
 */
const list = (words: string): ReadonlySet<string> => new Set(words.trim().split(/\s+/));

/** A name that ends in one of these words is a secret: `dbPassword`, `GITHUB_TOKEN`. */
export const SECRETS: ReadonlySet<string> = list(
  'password passwd passphrase passcode pwd secret token authorization cookie credential credentials creds csrf xsrf sessid phpsessid jsessionid',
);

/** The same for two words: `api key`, `private-key`. The word before `key` says what it opens. */
export const SECRET_PAIRS: ReadonlySet<string> = list(`
  pass_word pass_phrase pass_code pass_wd seed_phrase recovery_phrase mnemonic_phrase
  connection_string conn_string auth_code authorization_code client_assertion saml_response saml_assertion
  access_signature amz_signature goog_signature oauth_basic
  api_key access_key secret_key private_key signing_key sign_key encryption_key encrypt_key decryption_key decrypt_key
  master_key account_key shared_key auth_key authentication_key subscription_key ssh_key pgp_key gpg_key rsa_key ecdsa_key
  hmac_key aes_key symmetric_key license_key app_key application_key session_key consumer_key deploy_key functions_key
  service_key admin_key root_key server_key client_key webhook_key write_key ingest_key ingestion_key insert_key
  crypto_key cipher_key tls_key ssl_key
  openai_key anthropic_key claude_key gemini_key mistral_key groq_key cohere_key deepseek_key openrouter_key huggingface_key
  replicate_key pinecone_key langfuse_key langsmith_key tavily_key serpapi_key elevenlabs_key rapidapi_key stripe_key
  sendgrid_key twilio_key mailgun_key postmark_key datadog_key newrelic_key honeycomb_key supabase_key azure_key aws_key
  gcp_key algolia_key cloudflare_key
`);

/** Several secrets, or their number: strings are secret, counts are not. */
export const PLURALS: ReadonlySet<string> = list(
  'passwords passwds passphrases passcodes secrets tokens cookies keys codes',
);
/** Plurals for which short words are not secret either: a tokenizer cuts texts into tokens. */
export const PIECES: ReadonlySet<string> = list('tokens keys');

/** Secrets in settings, but also common words: `{ user, pass }` has one, `pass: all tests are green` has none. */
export const WEAK: ReadonlySet<string> = list('pass auth sig');

/** Words that may follow a secret's name without changing its meaning: `password2`, `API_KEY_PROD`, `token-value`. */
export const QUALIFIERS: ReadonlySet<string> = list(`
  value values val hash digest base string str plain plaintext clear cleartext raw header headers data pem json
  confirm confirmation repeat again verify verification new old current previous prev next temp temporary default
  prod production dev development staging stage test testing live local main backup secondary admin root
  encoded encrypted enc hex
`);

/**
 * Strong names are secrets at any position in a name. If one of these words follows, the name is about the secret
 * instead.
 */
export const ABOUT: ReadonlySet<string> = list(`
  length len min max minimum maximum count counts total type kind name names id ids arn url uri link endpoint path file
  filename dir folder field fields label placeholder hint policy policies strength expiry expires expiration expired ttl age
  at on in by created updated changed rotated reset required optional enabled disabled valid invalid accepted manager provider
  prefix suffix format version status state error errors message messages description scheme algorithm alg authentication
  login grant reuse attempts retries history score rules rule protected less only based set exists present missing match
  matches mismatch visible hidden show shown toggle button form page screen flow step email request requests service store
  vault generator checker validator validation schema column index position source ref reference parameter param params limit
  usage used env var
`);
export const STRONG: ReadonlySet<string> = list('password passwd passphrase passcode');
export const STRONG_PAIRS: ReadonlySet<string> = list(
  'api_key private_key secret_key client_secret access_token refresh_token auth_token',
);

/** Words before `token` or `tokens` that make it a count, or a position in a text or list. */
export const QUANTITIES: ReadonlySet<string> = list(`
  total max maximum min minimum input output prompt completion cached cache reasoning thinking image audio text video used
  usage remaining limit ratelimit rate reset count number num budget context response generated new per each every next page
  continuation pagination sync eos bos pad unk sep cls mask stop start end special cancellation cancel first last visible
  accepted rejected prediction estimated average avg mean
`);

/** Words before the name of a secret that make it a yes-or-no question. */
export const QUESTIONS: ReadonlySet<string> = list(
  'has have is are no needs need requires require required uses use with without show hide allow missing',
);

/** Names without word boundaries that end in a secret: `PGPASSWORD`, `clientsecret`. */
export const COMPOUND: RegExp =
  /(?:password|passwd|passphrase|passcode|pwd|secret|token|cookie|authorization|credentials?|connectionstring|(?:api|secret|private|access|account|auth|signing|encryption|master|license)key|^(?:db|user|smtp|imap|mysql|pg|postgres|redis|mail|email|ftp|ssh|admin|root|my|login|auth|http|proxy|sudo)pass)$/;
export const COMPOUND_PLURAL: RegExp = /(?:password|secret|token|cookie|(?:api|secret|private|access)key)s$/;
