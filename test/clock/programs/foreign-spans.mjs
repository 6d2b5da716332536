/**
 * A thousand tool calls of ours, each below a request of the SDK's own and with a span of the SDK's own inside, from the
 * first span of the process on. Gives how many are not where they belong.
 */
export async function amongForeignSpans({ baton, trace, spans }) {
  const tracer = trace.getTracer('http');
  for (let index = 0; index < 1_000; index++) {
    tracer.startActiveSpan('POST', (request) => {
      baton.withTool({ tool: 'search' }, () => tracer.startSpan('GET').end());
      request.end();
    });
    // Wherever in the millisecond.
    if (index % 3 === 0) await new Promise((resolve) => setTimeout(resolve, index % 2));
  }
  const start = ({ startTime: [seconds, nanos] }) => seconds * 1e3 + nanos / 1e6;
  const end = ({ endTime: [seconds, nanos] }) => seconds * 1e3 + nanos / 1e6;
  const parents = new Map(spans().map((span) => [span.spanContext().spanId, span]));
  const parentOf = (span) => parents.get(span.parentSpanContext?.spanId);
  const tools = spans().filter(({ name }) => name === 'execute_tool search');
  const gets = spans().filter(({ name }) => name === 'GET');
  return {
    pairs: [tools, gets].map((children) => children.filter(parentOf).length),
    'spans of ours that start before the request around them': tools.filter(
      (each) => start(each) < start(parentOf(each)),
    ).length,
    'spans of the SDK that start after the end of the tool call around them': gets.filter(
      (each) => start(each) > end(parentOf(each)),
    ).length,
    'spans of the SDK that start more than 1 ms before it': gets.filter(
      (each) => start(parentOf(each)) - start(each) > 1.001,
    ).length,
    'tool calls in the order of their starts': tools.every(
      (each, index) => !index || start(each) > start(tools[index - 1]),
    ),
  };
}

/** What it must give. */
export const IN_PLACE = {
  pairs: [1_000, 1_000],
  'spans of ours that start before the request around them': 0,
  'spans of the SDK that start after the end of the tool call around them': 0,
  'spans of the SDK that start more than 1 ms before it': 0,
  'tool calls in the order of their starts': true,
};
