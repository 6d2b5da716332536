/** The ids of the traces that the search page of Jaeger's UI shows, by its address: it asks what stands there. */
export async function searchAsUi({ origin, searchParams }: URL): Promise<string[]> {
  const query: Record<string, string> = {};
  const put = (name: string, value: string | null) => {
    if (value) query[`query.${name}`] = value;
  };
  const [from, to] = times(searchParams);
  put('startTimeMin', from);
  put('startTimeMax', to);
  put('serviceName', searchParams.get('service'));
  put('operationName', searchParams.get('operation'));
  put('attributes', searchParams.get('tags'));
  put('durationMin', searchParams.get('minDuration'));
  put('searchDepth', searchParams.get('limit'));
  const response = await fetch(`${origin}/api/v3/trace-summaries?${new URLSearchParams(query)}`);
  const { summaries = [] } = (await response.json()) as { summaries?: { traceId: string }[] };
  return summaries.map(({ traceId }) => traceId);
}

/** `start` and `end` in microseconds, or `lookback` in hours until now. */
function times(search: URLSearchParams): [from: string, to: string] {
  const now = Date.now();
  const hours = Number(/^(\d+)h$/.exec(search.get('lookback') ?? '')?.[1]);
  const micros = (name: string, otherwise: number) => (search.has(name) ? Number(search.get(name)) / 1000 : otherwise);
  return [micros('start', now - hours * 3_600_000), micros('end', now)].map((time) => new Date(time).toISOString()) as [
    string,
    string,
  ];
}
