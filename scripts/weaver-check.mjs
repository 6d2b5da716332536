// Holds our conventions (semconv/model) against OpenTelemetry's rules, and recorded OTLP/JSON against our conventions, with
// OpenTelemetry's own tool, Weaver.
// usage: weaver-check.mjs [--partial] [otlp.json …]      default: test/golden/*.otlp.json
//        weaver-check.mjs --where                        prints the folder of Weaver, or nothing
// Fails on a violation, on a span that Weaver did not see and, without --partial, on a baton.* name that no file has.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { findWeaver } from './weaver-find.mjs';
import { samplesOf } from './weaver-samples.mjs';

const scope = 'otel-baton';
const model = resolve('semconv/model');
const rules = resolve('semconv/live-check');
const golden = 'test/golden';

const partial = process.argv.includes('--partial');
const named = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const folder = findWeaver();

if (process.argv.includes('--where')) {
  console.log(folder ?? '');
} else if (folder) {
  process.exitCode = checkRegistry() && checkSpans(named.length > 0 ? named : goldenFiles()) ? 0 : 1;
} else {
  const required = process.env.CI === 'true';
  console.log(
    `${required ? 'FAILED' : 'SKIPPED'}: no Weaver (BATON_BACKENDS, PATH, cache folder), nothing was checked`,
  );
  process.exitCode = required ? 1 : 0;
}

function goldenFiles() {
  try {
    const names = readdirSync(golden).filter((name) => name.endsWith('.otlp.json'));
    return names.sort().map((name) => join(golden, name));
  } catch {
    return [];
  }
}

function checkRegistry() {
  const { status, stderr } = weaver('check', '-r', model, '-p', 'semconv-1.41/policies');
  console.log(status === 0 ? 'semconv/model: passes the rules of OpenTelemetry' : `semconv/model: FAILED\n${stderr}`);
  return status === 0;
}

function checkSpans(files) {
  if (files.length === 0) {
    console.log(`FAILED: no ${golden}/*.otlp.json`);
    return false;
  }
  const recorded = files.map((file) => ({ file, samples: samplesOf(JSON.parse(readFileSync(file, 'utf8')), scope) }));
  const report = liveCheck(recorded.flatMap(({ samples }) => samples));
  if (!report) return false;

  let passed = true;
  let next = 0;
  for (const { file, samples } of recorded) {
    const seen = report.samples.slice(next, next + samples.length); // Weaver keeps the order
    next += samples.length;
    passed = printFile(file, samples, seen) && passed;
  }
  const sent = recorded.flatMap(({ samples }) => samples).filter(({ span }) => span).length;
  const received = report.statistics.total_entities_by_type.span ?? 0;
  if (received !== sent) {
    console.log(`FAILED: ${sent} spans sent, ${received} seen by Weaver`);
    passed = false;
  }
  return printUnused(report, recorded) && passed;
}

/** All files in one go, so that Weaver counts the attributes over all of them. */
function liveCheck(samples) {
  const work = mkdtempSync(join(tmpdir(), 'otel-baton-weaver-'));
  try {
    const input = join(work, 'samples.json');
    writeFileSync(input, JSON.stringify(samples));
    const { stderr } = weaver(
      ...['live-check', '-r', model, '--config', join(rules, 'weaver.toml')],
      ...['--advice-policies', rules, '--advice-preprocessor', join(rules, 'advice.jq')],
      ...['--input-source', input, '--format', 'json', '--output', work],
    );
    try {
      return JSON.parse(readFileSync(join(work, 'live_check.json'), 'utf8'));
    } catch {
      console.log(`FAILED: Weaver gave no report\n${stderr}`);
      return undefined;
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Weaver looks for semconv-1.41/ in the folder that it is started in. */
function weaver(...args) {
  return spawnSync(join(folder, 'weaver'), ['registry', ...args], { cwd: folder, encoding: 'utf8' });
}

function printFile(file, samples, seen) {
  const spans = samples.filter(({ span }) => span).length;
  const findings = seen.flatMap((sample) => findingsOf(sample));
  const count = (level) => findings.filter((finding) => finding.level === level).length;
  const verdict = `${count('violation')} violations, ${count('improvement')} improvements, ${count('information')} notices`;
  console.log(`${file}: ${spans} spans, ${verdict}`);
  const lines = findings
    .filter(({ level }) => level !== 'information')
    .map(({ level, id, where, message }) => `  ${level} ${id}: ${where}: ${message}`);
  for (const line of new Set(lines)) console.log(line);
  if (spans === 0) console.log(`  FAILED: no span of the scope ${scope}`);
  return spans > 0 && count('violation') === 0;
}

/** What Weaver says of a sample and of everything in it: attributes, events, links. */
function findingsOf(sample) {
  const where = sample.span?.name ?? 'resource';
  const findings = [];
  JSON.stringify(sample, (key, value) => {
    if (key === 'all_advice') findings.push(...value.map((advice) => ({ ...advice, where })));
    return value;
  });
  return findings;
}

function printUnused({ statistics }, recorded) {
  const events = new Set(
    recorded.flatMap(({ samples }) => samples.flatMap(({ span }) => span?.span_events ?? [])).map(({ name }) => name),
  );
  const unused = [
    ...Object.entries(statistics.seen_registry_attributes).filter(([, times]) => times === 0),
    ...Object.entries(statistics.seen_registry_events).filter(([name]) => !events.has(name)),
  ]
    .map(([name]) => name)
    .filter((name) => name.startsWith('baton.'))
    .sort();
  if (unused.length === 0) {
    console.log('every baton.* attribute and event of semconv/model was seen');
    return true;
  }
  console.log(`${partial ? '' : 'FAILED: '}promised in semconv/model, in no file: ${unused.join(', ')}`);
  return partial;
}
