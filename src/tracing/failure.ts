import { type Attributes, type SpanStatus, SpanStatusCode } from '@opentelemetry/api';
import * as key from '../attributes.ts';
import type { Content } from '../content/content.ts';
import { messageOf } from '../diagnostics.ts';
import { stackWithCauses } from './causes.ts';
import { read } from './control-flow.ts';

/** Valid values of `error.type`: a class or a code, not a sentence with an order number in it. */
const TYPE = /^[\w.$:-]{1,80}$/;

/** The status ERROR, with a description if there is one. */
export function errorStatus(description: string | undefined): SpanStatus {
  const code = SpanStatusCode.ERROR;
  return description === undefined ? { code } : { code, message: description };
}

/** `error.type`, without secrets. */
export function errorTypeOf(error: unknown, content: Content): string {
  return content.name(errorType(error), key.ATTR_ERROR_TYPE) ?? '_OTHER';
}

/** The class of the thrown value, if it has one. */
function exceptionType(error: unknown): string {
  const type = errorType(error);
  const name = read(error, 'name');
  return type === read(error, 'code') && isType(name) ? name : type;
}

/**
 * A low-cardinality value for `error.type`: the error's own name, its class, its code, or the type of the thrown value.
 */
function errorType(error: unknown): string {
  if (typeof error !== 'object' || error === null) return error === null ? 'object' : typeof error;
  const name = read(error, 'name');
  if (isType(name) && name !== 'Error') return name;
  const code = read(error, 'code');
  if (isType(code)) return code;
  const made = read(error, 'constructor');
  const className = typeof made === 'function' ? made.name : undefined;
  if (isError(error) && isType(className)) return className;
  return typeof name === 'string' ? 'Error' : '_OTHER';
}

function isError(error: object): boolean {
  try {
    return error instanceof Error;
  } catch {
    return false;
  }
}

function isType(word: unknown): word is string {
  return typeof word === 'string' && TYPE.test(word);
}

/** `exception.*` without secrets: the standard `recordException` writes message and stack as they are. */
export function exceptionAttributes(error: unknown, content: Content): Attributes {
  const attributes: Attributes = {};
  const type = content.name(exceptionType(error), key.ATTR_EXCEPTION_TYPE);
  if (type !== undefined) attributes[key.ATTR_EXCEPTION_TYPE] = type;
  const message = content.value(messageOf(error), key.ATTR_EXCEPTION_MESSAGE);
  if (message !== undefined) attributes[key.ATTR_EXCEPTION_MESSAGE] = message;
  const stack = stackWithCauses(error);
  if (stack !== undefined) {
    const text = content.value(stack, key.ATTR_EXCEPTION_STACKTRACE);
    if (text !== undefined) attributes[key.ATTR_EXCEPTION_STACKTRACE] = text;
  }
  return attributes;
}
