/**
 * What fake timers do to the times of spans, for any library of them. `clock` is `{ fake({ now, toFake }), advance(ms), set(time),
 * real() }`; `toFake` lists what is faked beside `setTimeout`. Gives facts: the same for every library.
 */
export async function underFakeTimers({ baton, trace, spans, clock, toFake, now: given }) {
  const tracer = trace.getTracer('http');
  const fakesDate = toFake.includes('Date');
  const facts = {};

  // A session that began before, and ends afterwards.
  const session = baton.startSession({ id: 'straddles' });
  clock.fake({ ...(given === undefined ? {} : { now: given }), toFake: ['setTimeout', ...toFake] });
  const now = Date.now();
  const minute = baton.withTool({ tool: 'a minute', sessionId: 'straddles' }, () => timeout(60_000));
  const begun = Date.now();
  await clock.advance(60_000);
  await minute;
  const off = lasted('execute_tool a minute') - 60_000;
  facts['a timer of a minute'] = Math.abs(off) <= 1.1 ? 'lasts' : `is off by ${off} ms`;
  const first = start(named('execute_tool a minute'));
  facts['it starts'] = first >= now && first < begun + 1 ? 'at the time' : `${first - now} ms from it`;

  // Time stands still, however much is done.
  const shown = Date.now();
  for (const [name, count] of [
    ['few', 1_200],
    ['many', 4_000],
  ]) {
    if (name === 'many') await clock.advance(1_000);
    const from = Date.now();
    baton.withTool({ tool: `${name} inside`, sessionId: 'straddles' }, () => {
      for (let index = 0; index < count; index++) {
        baton.withTool({ tool: name, sessionId: 'straddles' }, () => tracer.startSpan(`${name} GET`).end());
      }
    });
    const to = Date.now();
    const starts = all(`execute_tool ${name}`).map(start);
    const ordered = starts.every((time, index) => index === 0 || time > starts[index - 1]);
    const neverBack = starts.every((time, index) => index === 0 || time >= starts[index - 1]);
    facts[`order of ${name} siblings`] = ordered ? 'rises' : neverBack ? 'never back' : 'lost';
    facts[`times of ${name} siblings`] = starts.every((time) => time >= from && time < to + (fakesDate ? 1 : 1.1))
      ? 'within 1 ms'
      : 'off';
  }
  facts['the wall clock'] = fakesDate ? `moved ${Date.now() - shown} ms` : 'is the real one';

  // A test that goes back in time while work is under way.
  await clock.advance(1_000);
  baton.withTool({ tool: 'back in time', sessionId: 'straddles' }, () => {
    for (let index = 0; index < 20; index++) baton.withTool({ tool: 'before', sessionId: 'straddles' }, () => {});
    if (fakesDate) clock.set(now - 3_600_000);
    tracer.startSpan('GET back').end();
    baton.withTool({ tool: 'after', sessionId: 'straddles' }, () => {});
  });
  if (fakesDate) facts['a step back'] = `${start(named('execute_tool after')) - (now - 3_600_000)} ms from there`;

  clock.real();
  const before = Date.now();
  await baton.withTool({ tool: 'real' }, () => timeout(30));
  const [after, realTool] = [Date.now(), named('execute_tool real')];
  facts['back to real timers'] = start(realTool) >= before && end(realTool) < after + 1 ? 'the real time' : 'another';
  facts['a timer of 30 ms'] = lasted('execute_tool real') > 28 ? 'lasts' : `lasts ${lasted('execute_tool real')} ms`;
  session.end();
  facts['children that start after the end of their parent'] = late();
  return facts;

  function timeout(ms) {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }
  function all(name) {
    return spans().filter((span) => span.name === name);
  }
  function named(name) {
    return all(name).at(-1);
  }
  function start({ startTime: [seconds, nanos] }) {
    return seconds * 1e3 + nanos / 1e6;
  }
  function end({ endTime: [seconds, nanos] }) {
    return seconds * 1e3 + nanos / 1e6;
  }
  function lasted(name) {
    return end(named(name)) - start(named(name));
  }
  function late() {
    const parents = new Map(spans().map((span) => [span.spanContext().spanId, span]));
    return spans().filter((span) => {
      const parent = parents.get(span.parentSpanContext?.spanId);
      return parent && start(span) > end(parent) + 0.001;
    }).length;
  }
}

/** The facts as they must be, by what is faked. */
export function expectedFacts(toFake) {
  const fakesDate = toFake.includes('Date');
  return {
    'a timer of a minute': 'lasts',
    'it starts': 'at the time',
    'order of few siblings': 'rises',
    'times of few siblings': 'within 1 ms',
    // As many times as that cannot be told apart within one millisecond.
    'order of many siblings': fakesDate ? 'never back' : 'rises',
    'times of many siblings': 'within 1 ms',
    'the wall clock': fakesDate ? 'moved 1000 ms' : 'is the real one',
    ...(fakesDate ? { 'a step back': '0 ms from there' } : {}),
    'back to real timers': 'the real time',
    'a timer of 30 ms': 'lasts',
    'children that start after the end of their parent': 0,
  };
}
