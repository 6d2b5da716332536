/** An exporter as both SDK lines have it. */
export interface ExporterPart {
  readonly name: string;
  /** Class of the span processor that feeds it. */
  readonly processor: string;
  readonly exporter: { export(spans: unknown, callback: (result: unknown) => void): void };
  /** Addresses that it, or what it wraps, sends to. */
  readonly urls: readonly string[];
}

export interface ProviderParts {
  /** What the sampler says of itself. */
  readonly sampler: string | undefined;
  /** Classes of the span processors. */
  readonly processors: readonly string[];
  readonly exporters: readonly ExporterPart[];
}

const MAX_OBJECTS = 5_000;
const MAX_DEPTH = 12;
/** Where an exporter keeps its settings, and what it wraps. Any other field may hold data, with the addresses of others. */
const SETTINGS =
  /^[_#]?(?:(?:\w*[eE])?xporter|delegate|transport|parameters|config|configuration|options|otlp\w*|client|sender|inner|wrapped)$/;
const ADDRESS = /^_?(?:url|urlStr|endpoint|collectorUrl|collectorEndpoint)$/i;

/**
 * What a tracer provider is made of. No interface tells: this looks through its fields, reads no getter and calls nothing but
 * the sampler's `toString`. What is hidden in private fields is not found, and then not reported on.
 */
export function partsOf(provider: object): ProviderParts {
  const sampler: string[] = [];
  const processors = new Set<string>();
  const exporters: (ExporterPart & { readonly urls: string[] })[] = [];
  const seen = new Set<object>();
  const look = (value: unknown, depth: number, processor: string, inside: string[] | undefined): void => {
    if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return;
    if (seen.has(value) || seen.size >= MAX_OBJECTS) return;
    seen.add(value);
    let by = processor;
    let urls = inside;
    if (can(value, 'shouldSample') && sampler.length === 0) sampler.push(nameOf(value, true));
    if (can(value, 'onStart') && can(value, 'onEnd')) {
      by = nameOf(value);
      // What the SDK and some vendors put around several others says nothing.
      if (!/^Multi/.test(by)) processors.add(by);
    }
    // Only the outermost: what it wraps is fed by it.
    if (isExporter(value) && !inside) {
      urls = [];
      exporters.push({ name: nameOf(value, true), processor: by, exporter: value as ExporterPart['exporter'], urls });
    }
    for (const [name, { value: field }] of Object.entries(fieldsOf(value))) {
      if (!urls) look(field, depth + 1, by, urls);
      else if (typeof field === 'string') {
        if (ADDRESS.test(name) && /^https?:\/\//.test(field)) urls.push(field);
      } else if (!Array.isArray(field) && (SETTINGS.test(name) || isExporter(field))) look(field, depth + 1, by, urls);
    }
  };
  look(provider, 0, '', undefined);
  return { sampler: sampler[0], processors: [...processors], exporters };
}

function isExporter(value: unknown): boolean {
  return typeof value === 'object' && value !== null && can(value, 'export') && can(value, 'shutdown');
}

function fieldsOf(value: object): Record<string, PropertyDescriptor> {
  try {
    return Object.getOwnPropertyDescriptors(value);
  } catch {
    return {};
  }
}

function can(value: object, method: string): boolean {
  try {
    return typeof (value as Record<string, unknown>)[method] === 'function';
  } catch {
    return false;
  }
}

/** The name of its class; with `inWords`, what it says of itself. */
function nameOf(value: object, inWords = false): string {
  try {
    const words = inWords ? String(value) : '[object';
    return words.startsWith('[object') ? (value.constructor?.name ?? 'an object') : words;
  } catch {
    return 'an object';
  }
}
