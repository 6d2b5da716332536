import type { Found } from './assigned.ts';
import { eachMatch } from './each-match.ts';
import { BASE64_PREFIXES, PREFIXES } from './kinds.ts';

/** Prefixes that the rule set lacks, as their vendors document them. */
const MORE_PREFIXES = [
  ...[
    'sk-ant-',
    'sk-proj-',
    'sk-svcacct-',
    'sk-admin-',
    'sk-or-v1-',
    'pk_live_',
    'pk_test_',
    'sk_prod_',
    'rk_prod_',
    'whsec_',
  ],
  ...[
    'ya29.',
    'dop_v1_',
    'doo_v1_',
    'dor_v1_',
    'pypi-AgE',
    'rubygems_',
    'shippo_live_',
    'shippo_test_',
    'sq0atp-',
    'sq0csp-',
  ],
  ...['gldt-', 'glrt-', 'glptt-', 'glcbt-', 'glft-', 'glsoat-', 'glimt-', 'glagent-', 'gloas-', 'glffct-', 'GR1348941'],
  ...[
    'xoxe-',
    'xoxe.xoxb-',
    'xoxe.xoxp-',
    'xoxs-',
    'xoxc-',
    'xoxd-',
    'xkeysib-',
    'PMAK-',
    'PMAT-',
    'NRAK-',
    'NRII-',
    'NRJS-',
  ],
  ...[
    'sntrys_',
    'sntryu_',
    'pul-',
    'pscale_tkn_',
    'pscale_pw_',
    'pscale_oauth_',
    'lin_oauth_',
    'dt0c01.',
    'dp.pt.',
    'dp.st.',
  ],
  ...[
    'AGE-SECRET-KEY-1',
    'pplx-',
    'xai-',
    'nvapi-',
    'ATATT3x',
    'ATCTT3x',
    'duffel_live_',
    'duffel_test_',
    'fo1_',
    'rdme_',
    'tvly-',
  ],
  ...[
    'lsv2_pt_',
    'lsv2_sk_',
    'jina_',
    'r8_',
    'ops_eyJ',
    'EAACEdEose0cBA',
    'sgp_',
    'pnu_',
    'FLWSECK-',
    'FLWSECK_TEST-',
    'cio_',
    'tfp_',
  ],
];
const MORE_BASE64 = ['ABSK', 'fm1r_', 'fm1a_', 'fm2_'];

/** Minimum length of a token, including its prefix. */
export const SHORTEST = 18;

/** Most identifiers with such a prefix continue with a short word: `npm_config_registry`. */
const AFTER_UNDERSCORE = '(?=[A-Za-z0-9]{10})';

function kind(characters: string): (prefix: string) => string {
  return (prefix) => {
    const escaped = prefix.replaceAll('.', '\\.');
    const length = Math.max(12, SHORTEST - prefix.length);
    if (/^[A-Z]{4}$/.test(prefix) && characters === '') return `${escaped}[A-Z0-9]{16,}`;
    if (prefix === 'dapi') return `${escaped}[A-Fa-f0-9]{20,}(?:-\\d)?`;
    // Tokens in parts, each of which may be short.
    if (prefix.includes('.')) return `${escaped}(?=[\\w.-]{${length}})[\\w-]{4,}(?:\\.[\\w-]{4,})*`;
    const after = prefix.endsWith('_') ? AFTER_UNDERSCORE : '';
    return `${escaped}${after}[\\w${characters}-]{${length},}(?:\\.[\\w-]{6,})*={0,2}`;
  };
}

/** Every repetition is bounded or cannot be retried, so matching takes linear time for any text. */
const TOKENS = new RegExp(
  [
    ...[...PREFIXES, ...MORE_PREFIXES].map(kind('')),
    ...[...BASE64_PREFIXES, ...MORE_BASE64].map(kind('+/')),
    'AIza[\\w-]{30,}',
    '(?<![A-Z])SK[0-9a-fA-F]{32}',
    '(?<![A-Za-z0-9])LTAI[A-Za-z0-9]{16,}',
    '(?<![A-Za-z0-9])AKCp[A-Za-z0-9]{20,}',
    '(?<![A-Za-z0-9])E[ZA][TA]K[A-Za-z0-9]{40,}',
    '(?<![A-Za-z0-9])A3T[A-Z0-9]{17}',
    '(?<![\\w-])key-[0-9a-f]{32}',
    '(?<![A-Za-z0-9])[sprt]k_[A-Za-z0-9]{16,}',
    '(?<![A-Za-z0-9])[rp]k-[\\w-]{16,}',
    '(?<!\\d)\\d{8,10}:AA[\\w-]{32,}',
    '(?<![A-Za-z0-9])[MNO][\\w-]{23,27}\\.[\\w-]{6}\\.[\\w-]{27,}',
    '(?<![\\w-])pat[A-Za-z0-9]{14}\\.[a-f0-9]{32,}',
    '[\\w~.]{3}\\dQ~[\\w~.-]{31,}',
    '(?<![A-Za-z0-9+/])EAA[A-Z][A-Za-z0-9]{60,}',
    'bedrock-api-key-[\\w+/=-]{20,}',
    '[A-Za-z0-9]{14}\\.atlasv1\\.[\\w=-]{20,}',
  ].join('|'),
  'g',
);
/** The capturing group is the secret. */
const ADDRESSES =
  /hooks\.slack\.com\/(?:services|workflows|triggers)\/([\w/+-]{8,200})|discord(?:app)?\.com\/api\/(?:v\d+\/)?webhooks\/(\d+\/[\w-]{20,200})|\.webhook\.office\.com\/webhookb2\/([\w@/-]{20,400})/gi;
const OPENAI = /sk-[\w-]{16,}(?:\.[\w-]{6,})*/g;

/** A quick check for a possible token. */
export const MAY_HAVE_TOKENS: RegExp =
  /[_.-][\w-]{12}|A[A-Z3][A-Z0-9p]{2}[A-Za-z0-9]{4}|AIza|eyJ|dapi[a-fA-F0-9]|LTAI|EAA[A-Z]|\dQ~|E[ZA][TA]K|GR13|SK[0-9a-fA-F]{4}|fm[12]|:AA|hook/;

/** Finds tokens of well-known kinds. */
export function findTokens(text: string, found: Found): void {
  if (text.length < SHORTEST || !MAY_HAVE_TOKENS.test(text)) return;
  eachMatch(TOKENS, text, ({ 0: token, index }) => {
    if (!token.startsWith('sk-') || isKey(text, index, token)) found(index, index + token.length);
  });
  if (text.includes('sk-')) {
    eachMatch(OPENAI, text, ({ 0: token, index }) => {
      if (isKey(text, index, token)) found(index, index + token.length);
    });
  }
  if (!/hook/i.test(text)) return;
  eachMatch(ADDRESSES, text, (match) => {
    const secret = match[1] ?? match[2] ?? match[3] ?? '';
    const end = match.index + match[0].length;
    found(end - secret.length, end);
  });
}

/** `task-sk…` may be two words. Inside a word, a key is recognised by its mix of letters and digits. */
function isKey(text: string, index: number, token: string): boolean {
  if (!/[A-Za-z0-9]/.test(text[index - 1] ?? ' ')) return true;
  const [run = ''] = /[A-Za-z0-9]{20,}/.exec(token) ?? [];
  return /[a-z]/.test(run) && /[A-Z]/.test(run) && /\d/.test(run);
}
