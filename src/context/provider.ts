import { ProxyTracerProvider, type TracerProvider, trace } from '@opentelemetry/api';

/** What the global proxy delegates to while nobody has registered a provider. */
const NO_PROVIDER = new ProxyTracerProvider().getDelegate();

/** The provider itself, behind the global proxy where it is one; `undefined` while there is none. */
export function registeredProvider(given?: TracerProvider): TracerProvider | undefined {
  const provider = given ?? trace.getTracerProvider();
  const delegate = (provider as Partial<ProxyTracerProvider>).getDelegate?.() ?? provider;
  return delegate === NO_PROVIDER ? undefined : delegate;
}
