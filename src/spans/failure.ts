import type { Attributes } from '@opentelemetry/api';
import * as key from '../attributes.ts';
import type { Content } from '../content/content.ts';
import { messageOf } from '../diagnostics.ts';
import type { Activity } from './activity.ts';

/** Errors on their way up: the innermost span has the `exception` event, those around it only the status. */
const recorded = new WeakMap<object, object>();

/** An abort is a decision and no error. */
export function isAbort(error: unknown): boolean {
  return read(error, 'name') === 'AbortError' || read(error, 'code') === 'ABORT_ERR';
}

/** Low-cardinality word for `error.type`: the error's own name, its class, or the type of what was thrown. */
export function errorType(error: unknown): string {
  if (typeof error !== 'object' || error === null) return error === undefined ? 'undefined' : typeof error;
  const name = read(error, 'name');
  if (typeof name === 'string' && name !== '' && name !== 'Error') return name;
  const code = read(error, 'code');
  if (typeof code === 'string' && code !== '' && code.length <= 60) return code;
  return typeof name === 'string' && name !== '' ? name : '_OTHER';
}

/** Status, and one `exception` event per error and session. Returns `error.type`. */
export function recordError(activity: Activity, error: unknown): string | undefined {
  const { content } = activity.recorder;
  const exception = exceptionAttributes(error, content);
  activity.setError(exception[key.ATTR_EXCEPTION_MESSAGE] as string | undefined);
  const known = typeof error === 'object' && error !== null;
  if (!known || recorded.get(error) !== activity.record) {
    activity.event(key.EVENT_EXCEPTION, exception);
    if (known) recorded.set(error, activity.record);
  }
  return content.name(errorType(error), key.ATTR_ERROR_TYPE);
}

/** `exception.*` without secrets: the stock `recordException` writes message and stack as they are. */
export function exceptionAttributes(error: unknown, content: Content): Attributes {
  const attributes: Attributes = {};
  const type = content.name(errorType(error), key.ATTR_EXCEPTION_TYPE);
  if (type !== undefined) attributes[key.ATTR_EXCEPTION_TYPE] = type;
  const message = content.value(messageOf(error), key.ATTR_EXCEPTION_MESSAGE);
  if (message !== undefined) attributes[key.ATTR_EXCEPTION_MESSAGE] = message;
  const stack = read(error, 'stack');
  if (typeof stack === 'string') {
    const text = content.value(stack, key.ATTR_EXCEPTION_STACKTRACE);
    if (text !== undefined) attributes[key.ATTR_EXCEPTION_STACKTRACE] = text;
  }
  return attributes;
}

function read(error: unknown, name: string): unknown {
  try {
    return typeof error === 'object' && error !== null ? (error as Record<string, unknown>)[name] : undefined;
  } catch {
    return undefined;
  }
}
