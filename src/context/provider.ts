import { ProxyTracerProvider, type TracerProvider, trace } from '@opentelemetry/api';

/** What the global proxy delegates to while no provider is registered. */
const NO_PROVIDER = new ProxyTracerProvider().getDelegate();

/** The registered provider itself, resolved from the global proxy; `undefined` while there is none. */
export function registeredProvider(given?: TracerProvider): TracerProvider | undefined {
  const provider = given ?? trace.getTracerProvider();
  const delegate = (provider as Partial<ProxyTracerProvider>).getDelegate?.() ?? provider;
  return delegate === NO_PROVIDER ? undefined : delegate;
}
