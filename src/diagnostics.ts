import { type DiagLogger, diag } from '@opentelemetry/api';
import { BatonError, type BatonErrorCode } from './errors.ts';
import { hasRoom, postpone } from './room-left.ts';
import { withoutSecrets } from './secrets.ts';

/** One warning, as `onWarning` receives it. */
export interface BatonWarning {
  readonly code: BatonErrorCode;
  readonly message: string;
}

/**
 * Collects problems that must not break the app. The first of each code goes to OpenTelemetry's `diag` logger and to
 * `onWarning`; all of them are counted.
 */
export class Diagnostics {
  readonly #counts = new Map<BatonErrorCode, number>();
  readonly #strict: boolean;
  readonly #onWarning: ((warning: BatonWarning) => void) | undefined;
  /** Removes secrets from a warning: an app may pass one in the wrong option, and a log leaves the process, too. */
  redact: (message: string) => string = withoutSecrets;
  /** Called with the number of attributes that were left out, for the metrics. */
  onDroppedAttributes: ((count: number) => void) | undefined;
  readonly #logger: DiagLogger = diag.createComponentLogger({ namespace: 'otel-baton' });

  constructor(strict: boolean, onWarning?: (warning: BatonWarning) => void) {
    this.#strict = strict;
    this.#onWarning = onWarning;
  }

  /** The app used Baton wrongly: warns, or throws in strict mode. */
  misuse(code: BatonErrorCode, message: string): void {
    if (this.#strict) throw new BatonError(code, this.redact(message));
    this.warn(code, message);
  }

  /** Something outside Baton failed (a hook, a span processor, an exporter): warns, never throws. */
  warn(code: BatonErrorCode, message: string): void {
    const count = (this.#counts.get(code) ?? 0) + 1;
    this.#counts.set(code, count);
    if (count > 1) return;
    if (hasRoom()) this.#report(code, message);
    else postpone(() => this.#report(code, message));
  }

  #report(code: BatonErrorCode, message: string): void {
    const safe = this.redact(message);
    quietly(() => this.#logger.warn(`${safe} [${code}]`));
    quietly(() => this.#onWarning?.({ code, message: safe }));
  }

  droppedAttributes(count: number): void {
    quietly(() => this.onDroppedAttributes?.(count));
  }

  /** How often each code occurred. */
  counts(): Partial<Record<BatonErrorCode, number>> {
    return Object.fromEntries(this.#counts);
  }
}

/** Ignores a throw: when the logger or the hook fails, there is nowhere to report it. */
function quietly(action: () => void): void {
  try {
    action();
  } catch {}
}

/** The message of an unknown thrown value. Never throws. */
export function messageOf(error: unknown): string {
  try {
    // Joined into one text, a name and its secret would no longer be recognisable as a pair.
    if (Array.isArray(error)) return error.length === 1 ? messageOf(error[0]) : `${error.length} values`;
    const message = typeof error === 'object' && error !== null ? (error as Partial<Error>).message : error;
    return typeof message === 'string' ? message : String(error);
  } catch {
    return 'an error that cannot be read';
  }
}
