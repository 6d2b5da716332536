import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { Baton } from '../../../src/index.ts';
import { amongForeignSpans } from './foreign-spans.mjs';

const memory = new InMemorySpanExporter();
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] }));
const spans = () => memory.getFinishedSpans();
process.stdout.write(JSON.stringify(await amongForeignSpans({ baton: new Baton({ agent: 'app' }), trace, spans })));
