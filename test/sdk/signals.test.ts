import { describe, expect, it } from '@jest/globals';
import { deadEndpoint, signalled } from './support/signalled.ts';

// Real processes and real signals. What an app sees must be what it would see without us.

const REGISTER = "register({ signals: true }); ended('before');";

describe('register({ signals: true })', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'where nobody else listens: the spans leave, and %s ends the process',
    async (name) => {
      const { code, signal, arrived } = await signalled(REGISTER, [name]);
      expect({ code, signal, arrived }).toEqual({ code: null, signal: name, arrived: ['before'] });
    },
    60_000,
  );

  it('listens to the signals that are named, and to no others', async () => {
    const app = "register({ signals: ['SIGHUP'] }); ended('before');";
    expect(await signalled(app, ['SIGHUP'])).toMatchObject({ signal: 'SIGHUP', arrived: ['before'] });
    expect(await signalled(app, ['SIGTERM'])).toMatchObject({ signal: 'SIGTERM', arrived: [] });
  }, 60_000);

  it.each(['on', 'once', 'prependListener', 'prependOnceListener'] as const)(
    'leaves an async handler the time that it needs, and sends what ends in it: process.%s, before and after register',
    async (how) => {
      const handler = `
        process.${how}('SIGTERM', () => {
          console.log('handled');
          setTimeout(() => ended('during'), 200);
          setTimeout(() => { ended('too late'); process.exit(3); }, 300);
        });
      `;
      for (const app of [handler + REGISTER, REGISTER + handler]) {
        const { code, signal, stdout, arrived } = await signalled(app, ['SIGTERM']);
        expect({ code, signal, stdout }).toEqual({ code: 3, signal: null, stdout: 'handled\n' });
        expect(arrived.filter((name) => name !== 'too late')).toEqual(['before', 'during']);
      }
    },
    60_000,
  );

  it('waits for a handler longer than for a backend', async () => {
    const app = `${REGISTER} process.on('SIGTERM', () => setTimeout(() => process.exit(4), 2_500));`;
    expect(await signalled(app, ['SIGTERM'])).toMatchObject({ code: 4, signal: null, arrived: ['before'] });
  }, 60_000);

  it('does not hold up a handler that exits at once', async () => {
    const app = `${REGISTER} process.on('SIGTERM', () => { console.log('handled'); process.exit(5); });`;
    expect(await signalled(app, ['SIGTERM'])).toMatchObject({ code: 5, signal: null, stdout: 'handled\n' });
  }, 60_000);

  it('lets an app drain that only stops taking work, and sends the last spans at its natural end', async () => {
    const app = `${REGISTER}
      process.on('SIGTERM', () => {
        clearInterval(alive);
        setTimeout(() => ended('last'), 50);
      });`;
    const { code, signal, arrived } = await signalled(app, ['SIGTERM']);
    expect({ code, signal, arrived }).toEqual({ code: 0, signal: null, arrived: ['before', 'last'] });
  }, 60_000);

  it('gives each signal to the app once: the second Ctrl-C is its own', async () => {
    const app = `${REGISTER}
      let times = 0;
      process.on('SIGINT', () => {
        console.log('SIGINT', ++times);
        if (times === 2) process.exit(130);
      });`;
    expect(await signalled(app, ['SIGINT', 'SIGINT'])).toMatchObject({ code: 130, stdout: 'SIGINT 1\nSIGINT 2\n' });
  }, 60_000);

  it('ends at once on the second Ctrl-C where nobody listens, also while the backend is away', async () => {
    const started = Date.now();
    const { signal } = await signalled(REGISTER, ['SIGINT', 'SIGINT'], await deadEndpoint());
    const twice = Date.now() - started;
    expect(signal).toBe('SIGINT');
    const again = Date.now();
    expect(await signalled(REGISTER, ['SIGINT'], await deadEndpoint())).toMatchObject({
      signal: 'SIGINT',
      arrived: [],
    });
    // The one waits for the backend, for as long as two seconds.
    expect(Date.now() - again).toBeGreaterThan(twice);
  }, 60_000);

  it('flushes the provider of others, too, and leaves them their end', async () => {
    const app = `
      const { BasicTracerProvider, BatchSpanProcessor } = await import('@opentelemetry/sdk-trace-base');
      const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
      trace.setGlobalTracerProvider(
        new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())] }),
      );
      ${REGISTER}
    `;
    expect(await signalled(app, ['SIGTERM'])).toMatchObject({ signal: 'SIGTERM', arrived: ['before'] });
  }, 60_000);

  it('says nothing, and leaves no listener behind', async () => {
    const app = `${REGISTER}
      process.on('SIGTERM', () => { console.log(process.listenerCount('SIGTERM')); process.exit(); });`;
    const { stdout, stderr } = await signalled(app, ['SIGTERM']);
    expect(stderr).toBe('');
    expect(stdout).toBe('1\n');
  }, 60_000);
});
