/** The kind of an object, for its JSON form. Determining it has no side effects on the object. */
export type Kind = 'plain' | 'bytes' | 'boxed' | 'map' | 'set' | 'regexp' | 'other';

const KINDS: Readonly<Record<string, Kind>> = {
  ArrayBuffer: 'bytes',
  SharedArrayBuffer: 'bytes',
  Map: 'map',
  Headers: 'map',
  URLSearchParams: 'map',
  FormData: 'map',
  Set: 'set',
  RegExp: 'regexp',
  String: 'boxed',
  Number: 'boxed',
  Boolean: 'boxed',
  BigInt: 'boxed',
};

export function kindOf(value: object): Kind {
  if (ArrayBuffer.isView(value)) return 'bytes';
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return 'plain';
  // The tag also matches objects of other realms and of any copy of undici.
  const tag = Object.prototype.toString.call(value).slice('[object '.length, -1);
  const kind = Object.hasOwn(KINDS, tag) ? (KINDS[tag] as Kind) : 'other';
  const needed = kind === 'map' || kind === 'set' ? Symbol.iterator : kind === 'bytes' ? 'byteLength' : undefined;
  return needed === undefined || needed in value ? kind : 'other';
}

export function isErrorLike(value: object): boolean {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}

/** The class name, or what else identifies it: `Promise`, `function issueRefund`, `Symbol(x)`, `Blob, 12 bytes`. */
export function describeObject(value: object | symbol): string {
  if (typeof value === 'symbol') return String(value);
  try {
    if (typeof value === 'function') {
      const name = typeof value.name === 'string' ? value.name : '';
      const word = /^class\b/.test(Function.prototype.toString.call(value)) ? 'class' : 'function';
      return name === '' ? word : `${word} ${name}`;
    }
    const tag = Object.prototype.toString.call(value).slice('[object '.length, -1);
    const className: unknown = Object.getPrototypeOf(value)?.constructor?.name;
    const name = typeof className === 'string' && className !== '' && className !== 'Object' ? className : tag;
    const { size } = value as { size?: unknown };
    return /^(?:Blob|File)$/.test(tag) && typeof size === 'number' ? `${name}, ${size} bytes` : name;
  } catch {
    return 'object';
  }
}

/** Maximum number of errors of an AggregateError that are written. */
const MAX_ERRORS = 10;

/** The facts of an error: name, message, code, cause, and the errors of an AggregateError. */
export function errorFacts(error: object): Record<string, unknown> {
  const { name, message, code, cause, errors } = error as Record<string, unknown>;
  const facts: Record<string, unknown> = { name, message };
  if (typeof code === 'string' || typeof code === 'number') facts.code = code;
  if (cause !== undefined) facts.cause = cause;
  if (Array.isArray(errors)) {
    facts.errors = errors.slice(0, MAX_ERRORS);
    if (errors.length > MAX_ERRORS) facts.more_errors = errors.length - MAX_ERRORS;
  }
  return facts;
}
