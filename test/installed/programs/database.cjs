// The pipeline, with work that somebody else's instrumentation would record: a query in the step and in the tool call.
'use strict';

const { trace } = require('@opentelemetry/api');
const { runPipeline } = require('./pipeline.cjs');

async function runWithQueries(Baton, { work = () => {}, ...options } = {}) {
  const query = async () => {
    work();
    trace.getTracer('database').startActiveSpan('SELECT tickets', (span) => span.end());
  };
  const baton = await runPipeline(Baton, { ...options, pause: query });
  await baton.shutdown();
}

exports.runWithQueries = runWithQueries;
