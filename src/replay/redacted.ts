import { REDACTED, SecretNames, withoutSecrets } from '../secrets.ts';
import type { RecordedAttributes, RecordedSpan } from './span.ts';

const NAMES = new SecretNames();

/**
 * The span as it may be shown: a recording may be of others, who do not take secrets out, and what is shown here ends up in tickets.
 * By the rules that Baton records by.
 */
export function redacted(span: RecordedSpan): RecordedSpan {
  const { name, attributes, events, links, status, resource } = span;
  return {
    ...span,
    name: withoutSecrets(name),
    attributes: attributesOf(attributes),
    events: events.map((event) => ({
      ...event,
      name: withoutSecrets(event.name),
      attributes: attributesOf(event.attributes),
    })),
    links: links.map((link) => ({ ...link, attributes: attributesOf(link.attributes) })),
    status: status.message === undefined ? status : { ...status, message: withoutSecrets(status.message) },
    resource: attributesOf(resource),
  };
}

/** Deeper than that nothing is told of a value. */
const MAX_DEPTH = 32;

function attributesOf(attributes: RecordedAttributes): RecordedAttributes {
  return membersOf(attributes, 0, new Map());
}

/** `seen` keeps a cycle a cycle, and reads what stands in several places once. */
function shownValue(value: unknown, depth: number, seen: Map<object, unknown>): unknown {
  if (typeof value === 'string') return withoutSecrets(value);
  if (typeof value !== 'object' || value === null) return value;
  if (seen.has(value)) return seen.get(value);
  if (depth >= MAX_DEPTH) return '[…]';
  if (!Array.isArray(value)) return membersOf(value, depth, seen);
  const items: unknown[] = [];
  seen.set(value, items);
  for (const item of value) items.push(shownValue(item, depth + 1, seen));
  return items;
}

function membersOf(value: object, depth: number, seen: Map<object, unknown>): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  seen.set(value, shown);
  for (const [name, item] of Object.entries(value)) {
    set(shown, name, NAMES.hides(name, item) ? REDACTED : shownValue(item, depth + 1, seen));
  }
  return shown;
}

/** Also a key that is called `__proto__`. */
function set(target: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(target, withoutSecrets(name), { value, writable: true, enumerable: true, configurable: true });
}
