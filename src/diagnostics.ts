import { type DiagLogger, diag } from '@opentelemetry/api';
import { BatonError, type BatonErrorCode } from './errors.ts';
import { hasRoom, postpone } from './room-left.ts';
import { withoutSecrets } from './secrets.ts';

/** One warning, as `onWarning` gets it. */
export interface BatonWarning {
  readonly code: BatonErrorCode;
  readonly message: string;
}

/**
 * Where everything goes that is wrong but must not hurt the app: the first of each code as a warning of OpenTelemetry's
 * `diag` logger and to `onWarning`, all of them into a count.
 */
export class Diagnostics {
  readonly #counts = new Map<BatonErrorCode, number>();
  readonly #strict: boolean;
  readonly #onWarning: ((warning: BatonWarning) => void) | undefined;
  /** Takes secrets out of a warning: what was given may be one in the wrong place, and a log is also an exit. */
  redact: (message: string) => string = withoutSecrets;
  /** Told how many attributes were left out, for who counts them. */
  onDroppedAttributes: ((count: number) => void) | undefined;
  readonly #logger: DiagLogger = diag.createComponentLogger({ namespace: 'otel-baton' });

  constructor(strict: boolean, onWarning?: (warning: BatonWarning) => void) {
    this.#strict = strict;
    this.#onWarning = onWarning;
  }

  /** The app used Baton wrongly. Warns, or throws in strict mode. */
  misuse(code: BatonErrorCode, message: string): void {
    if (this.#strict) throw new BatonError(code, this.redact(message));
    this.warn(code, message);
  }

  /** Something outside Baton failed: a hook, a span processor, an exporter. Warns, never throws. */
  warn(code: BatonErrorCode, message: string): void {
    const count = (this.#counts.get(code) ?? 0) + 1;
    this.#counts.set(code, count);
    if (count > 1) return;
    if (hasRoom()) this.#tell(code, message);
    else postpone(() => this.#tell(code, message));
  }

  #tell(code: BatonErrorCode, message: string): void {
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

/** A logger or hook that throws has nowhere left to be told. */
function quietly(tell: () => void): void {
  try {
    tell();
  } catch {}
}

/** What an unknown thrown value says of itself, without ever throwing. */
export function messageOf(error: unknown): string {
  try {
    // As a text, the items would run into each other, a name and its secret among them.
    if (Array.isArray(error)) return error.length === 1 ? messageOf(error[0]) : `${error.length} values`;
    const message = typeof error === 'object' && error !== null ? (error as Partial<Error>).message : error;
    return typeof message === 'string' ? message : String(error);
  } catch {
    return 'an error that cannot be read';
  }
}
