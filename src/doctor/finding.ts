import { printable } from '../printable.ts';
import { withoutSecrets } from '../secrets.ts';

/** What the doctor can find: stable words for scripts. */
export type FindingCode =
  | 'baton'
  | 'provider'
  | 'provider_late'
  | 'api_copies'
  | 'context_manager'
  | 'sampling'
  | 'exporter'
  | 'filter'
  | 'endpoint'
  | 'clock'
  | 'flush'
  | 'warnings';

export interface Finding {
  readonly code: FindingCode;
  /** `problem`: spans do not arrive. `warning`: they arrive, but not as you may expect. */
  readonly level: 'good' | 'warning' | 'problem';
  /** What was found, in plain words. */
  readonly message: string;
  /** What to do about it. */
  readonly fix?: string | undefined;
}

/** What `baton.diagnose()` found. */
export interface Diagnosis {
  /** No problem: the test pipeline has arrived, as far as anybody here can know. */
  readonly ok: boolean;
  readonly findings: readonly Finding[];
  /** `session.id` of the test pipeline, to look for in the backend; `undefined` when none was sent. */
  readonly sessionId: string | undefined;
  /** The findings as text, one line each. */
  toString(): string;
}

/** What a backend, an exporter or a set-up says, as it may be repeated: no secrets, and nothing that a terminal would obey. */
export function repeated(text: string): string {
  return printable(withoutSecrets(text));
}

export const good = (code: FindingCode, message: string): Finding => finding('good', code, message);
export const warning = (code: FindingCode, message: string, fix?: string): Finding =>
  finding('warning', code, message, fix);
export const problem = (code: FindingCode, message: string, fix?: string): Finding =>
  finding('problem', code, message, fix);

function finding(level: Finding['level'], code: FindingCode, message: string, fix?: string): Finding {
  const safe = repeated(message);
  if (level === 'good') return { code, level, message: safe };
  return { code, level, message: safe, fix: fix === undefined ? undefined : repeated(fix) };
}

const SIGNS = { good: '✓', warning: '!', problem: '✗' } as const;

export function toDiagnosis(findings: readonly Finding[], sessionId?: string): Diagnosis {
  return {
    ok: !findings.some(({ level }) => level === 'problem'),
    findings,
    sessionId,
    toString: () =>
      findings
        .map(({ level, message, fix }) => `${SIGNS[level]} ${message}${fix === undefined ? '' : `\n  → ${fix}`}`)
        .join('\n'),
  };
}
