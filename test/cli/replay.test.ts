import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { closedPort, httpBackend } from '../doctor/backend.ts';
import { toOtlpLine } from '../replay/otlp-request.ts';
import { Recording } from '../replay/recording.ts';
import { customerService, fanOut } from '../replay/scenes.ts';
import { runCli } from './run-cli.ts';

// Each test starts processes, which takes a while on a busy machine.
const PIPELINE = 'test/fixtures/otlp/pipeline-001-by-hand.otlp.json';

function fixture(name: string): string {
  return readFileSync(fileURLToPath(new URL(`../fixtures/replay/${name}`, import.meta.url)), 'utf8');
}

describe('otel-baton replay', () => {
  let folder: string;
  /** As the Collector's file exporter leaves it: two sessions, a line that was cut off when the disk was full. */
  let collected: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'baton-replay-'));
    collected = join(folder, 'collected.json');
    const lines = [toOtlpLine(fanOut().spans), '{"resourceSpans":[{"re', toOtlpLine(customerService().spans)];
    writeFileSync(collected, `${lines.join('\n')}\n`);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('tells the session of a file', async () => {
    expect(await runCli(['replay', PIPELINE])).toEqual({
      code: 0,
      stdout: fixture('pipeline-001.80.txt'),
      stderr: '',
    });
  });

  it('reads standard input, and shows it as wide as it is asked', async () => {
    const stdin = readFileSync(PIPELINE, 'utf8');
    for (const width of [40, 120]) {
      const result = await runCli(['replay', '-', '--width', String(width)], { stdin });
      expect(result).toEqual({ code: 0, stdout: fixture(`pipeline-001.${width}.txt`), stderr: '' });
    }
  });

  it('tells all sessions in their order, sums them up, and names the line that it could not read', async () => {
    const rule = `\n${'─'.repeat(80)}\n\n`;
    expect(await runCli(['replay', collected])).toEqual({
      code: 1,
      stdout: [
        fixture('fan-out.80.txt'),
        fixture('customer-service.80.txt'),
        '2 sessions · 1 failed · 1 completed\n',
      ].join(rule),
      stderr: `otel-baton replay: ${collected}:2: expected an object with "resourceSpans" as JSON, got 22 characters that are not: {"resourceSpans":[{"re\n`,
    });
  });

  it('tells one session of many, from several files', async () => {
    const result = await runCli(['replay', PIPELINE, collected, PIPELINE, '--session', 'TICKET-4711']);
    expect(result).toMatchObject({ code: 1, stdout: fixture('customer-service.80.txt') });
  });

  it('says by its exit code alone that all was read, or not all', async () => {
    const good = toOtlpLine(fanOut().spans);
    const lost = good.replace(/"traceId":"c+"/, '"traceId":"zz"');
    const inputs = [good, `${good}\n{"resourceSp`, lost, 'hello', ''];
    const results = await Promise.all(inputs.map((stdin) => runCli(['replay', '-'], { stdin })));
    expect(results.map(({ code, stdout }) => [code, stdout !== ''])).toEqual([
      [0, true],
      [1, true],
      [1, true],
      [1, false],
      [1, false],
    ]);
  });

  it('reads what is packed, and what Windows writes', async () => {
    const text = readFileSync(PIPELINE, 'utf8');
    const files = { 'traces.json.gz': gzipSync(text), 'windows.json': Buffer.from(`\ufeff${text}`, 'utf16le') };
    for (const [name, bytes] of Object.entries(files)) {
      writeFileSync(join(folder, name), bytes);
      expect(await runCli(['replay', join(folder, name)])).toEqual({
        code: 0,
        stdout: fixture('pipeline-001.80.txt'),
        stderr: '',
      });
    }
  });

  it('says what a file is that it cannot read', async () => {
    const file = join(folder, 'traces.binpb');
    writeFileSync(file, Buffer.from([0x0a, 0x90, 0x01, 0x0a, 0x08, 0x00, 0x01]));
    expect(await runCli(['replay', file])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining(`cannot read ${file}: it is binary, as OTLP in protobuf is; write JSON instead`),
    });
  });

  it('sends headers to a backend: those that it is given, and those of the variables where it is their endpoint', async () => {
    const seen: unknown[] = [];
    const backend = await httpBackend(({ headers }, response) => {
      seen.push([headers['x-scope-orgid'], headers.authorization, headers['x-env']]);
      response.writeHead(200).end('{"traces":[]}');
    });
    const args = ['replay', 'S-1', '--tempo', backend.url];
    const given = [
      '--header',
      'X-Scope-OrgID=team-a',
      '--header',
      'Authorization: Bearer a=b',
      '--timeout',
      'Infinity',
    ];
    const variables = { OTEL_EXPORTER_OTLP_HEADERS: 'x-env=yes,authorization=Bearer%20env' };
    try {
      await runCli([...args, ...given]);
      await runCli(args, { env: { ...variables, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' } });
      await runCli([...args, ...given], { env: { ...variables, OTEL_EXPORTER_OTLP_ENDPOINT: `${backend.url}/otlp` } });
    } finally {
      await backend.close();
    }
    expect(seen).toEqual([
      ['team-a', 'Bearer a=b', undefined],
      [undefined, undefined, undefined],
      ['team-a', 'Bearer a=b', 'yes'],
    ]);
  });

  it('shows the content that frameworks recorded when it is asked to', async () => {
    const recording = new Recording();
    const chat = recording.model(recording.run(recording.session([0, 9]), 'Triage', [1, 8]), 'm', [2, 3], {
      attributes: { 'gen_ai.input.messages': 'Please refund' },
    });
    const stdin = [
      toOtlpLine(recording.spans.filter((span) => span !== chat)),
      toOtlpLine([{ ...chat, scope: 'ai' }]),
    ].join('\n');
    const [folded, shown] = await Promise.all(
      [[], ['--content']].map((more) => runCli(['replay', '-', ...more], { stdin })),
    );
    expect(folded?.stdout).toContain('content  of 1 span folded; --content shows it');
    expect(folded?.stdout).not.toContain('Please refund');
    expect(shown?.stdout).toContain('input  Please refund');
  });

  it('lists the sessions of files, the newest first', async () => {
    expect(await runCli(['replay', '--list', collected, PIPELINE, '--width', '100'])).toMatchObject({
      code: 1,
      stdout: fixture('list.100.txt'),
    });
    const { stdout } = await runCli(['replay', '--list', '--json', collected, PIPELINE]);
    expect(JSON.parse(stdout).map(({ id }: { id: string }) => id)).toEqual(['TICKET-4711', 'SUP-123', 'RESEARCH-7']);
  });

  it('says why a backend cannot be asked', async () => {
    const url = await closedPort();
    expect(await runCli(['replay', 'SUP-123', '--jaeger', url])).toEqual({
      code: 1,
      stdout: '',
      stderr: `otel-baton replay: Jaeger at ${url} does not answer: nobody listens there; expected the address of Jaeger's API, such as http://localhost:16686; does it run?\n`,
    });
  });

  it('gives the whole content as JSON', async () => {
    const { code, stdout } = await runCli(['replay', PIPELINE, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject([
      { id: 'SUP-123', status: 'completed', handoffs: [{ status: 'accepted' }], statistics: { count: 1 } },
    ]);
  });

  it('writes colours into a pipe only when forced to, and never with --no-color', async () => {
    const isColored = async (args: string[], env: Record<string, string>) =>
      (await runCli(['replay', PIPELINE, ...args], { env })).stdout.includes('\u001b[');
    const cases = [
      isColored([], { TERM: 'xterm-256color' }),
      isColored([], { FORCE_COLOR: '1' }),
      isColored([], { FORCE_COLOR: '0' }),
      isColored([], { FORCE_COLOR: '1', NO_COLOR: '1' }),
      isColored(['--no-color'], { FORCE_COLOR: '1' }),
    ];
    expect(await Promise.all(cases)).toEqual([false, true, false, true, false]);
  });

  it('says what is there, when the session that was asked for is not', async () => {
    expect(await runCli(['replay', collected, '--session', 'nope'])).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining(
        `otel-baton replay: no session "nope" in ${collected}; there is RESEARCH-7, TICKET-4711\n`,
      ),
    });
  });

  it('says that spans have no session', async () => {
    const recording = new Recording('');
    recording.run(undefined, 'Triage', [0, 1]);
    expect(await runCli(['replay', '-'], { stdin: toOtlpLine(recording.spans) })).toEqual({
      code: 1,
      stdout: '',
      stderr: 'otel-baton replay: no session in -: 1 span, but it has a session.id\n',
    });
  });

  it('takes everything after -- as the name of a file', async () => {
    expect(await runCli(['replay', '--', '-h', '--json'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/cannot read -h: .*\n.*cannot read --json: /),
    });
  });

  it('says why a file cannot be read, and what can be', async () => {
    expect(await runCli(['replay', 'missing.json', folder])).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'otel-baton replay: cannot read missing.json: there is no such file; expected a file of OTLP/JSON, or - for standard input\n' +
        `otel-baton replay: cannot read ${folder}: it is a directory; expected a file of OTLP/JSON, or - for standard input\n`,
    });
  });

  it('tells what it can read, and still says by its exit code that it could not read all', async () => {
    const result = await runCli(['replay', 'missing.json', PIPELINE]);
    expect(result).toMatchObject({ code: 1, stdout: fixture('pipeline-001.80.txt') });
    expect(result.stderr).toContain('cannot read missing.json');
  });

  it('says what a text is not, when there is no trace in it, without obeying it', async () => {
    expect(await runCli(['replay', '-'], { stdin: '\u001b[2Jhello' })).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'otel-baton replay: -:1: expected an object with "resourceSpans" as JSON, whole or one per line, got: \\x1b[2Jhello\n' +
        'otel-baton replay: no spans in -\n',
    });
  });

  it.each([
    [['replay'], 'expected at least one FILE, or - for standard input, or --jaeger, or --tempo; got none'],
    [['replay', '--jaeger', 'http://localhost:16686'], 'expected the ID of a session, or --list, got none'],
    [
      ['replay', 'S-1', '--jaeger', 'http://a', '--tempo', 'http://b'],
      "option '--jaeger <URL>' cannot be used with option '--tempo <URL>'",
    ],
    [
      ['replay', 'S-1', '--tempo', 'http://b', '--since', 'yesterday'],
      '--since: expected minutes, hours or days as in 90m, 2h, 7d, got "yesterday"',
    ],
    [
      ['replay', 'S-1', '--tempo', 'http://b', '--timeout', '0'],
      '--timeout: expected milliseconds, more than 0, or Infinity, got "0"',
    ],
    [
      ['replay', 'S-1', '--tempo', 'http://b', '--header', 'secret'],
      '--header: expected name=value or "Name: value", got 6 characters without the name of a header',
    ],
    [
      ['replay', 'S-1', '--tempo', 'http://b', '--header', 'Token: a\u2026'],
      '--header: expected a value of printable characters for Token, got one with others',
    ],
    [['replay', 'x', '--width', '19'], '--width: expected a whole number from 20 to 160, got "19"'],
    [['replay', 'x', '--width', 'wide'], '--width: expected a whole number from 20 to 160, got "wide"'],
    [['replay', 'x', '--colour'], "unknown option '--colour'"],
    [['replay', 'x', '--jsno'], "unknown option '--jsno' (Did you mean --json?)"],
    [['replay', 'x', '--haeder=Authorization: Bearer hunter2'], "unknown option '--haeder'"],
    [['replay', 'x', '--session'], "option '--session <ID>' argument missing"],
  ])('explains the wrong use of %j', async (args, message) => {
    const stderr = `otel-baton replay: ${message}\nSee otel-baton replay --help.\n`;
    expect(await runCli(args)).toEqual({ code: 2, stdout: '', stderr });
  });

  it('ends quietly when the pipe that it writes into is closed', async () => {
    const many = Array.from({ length: 400 }, (_, index) => {
      const recording = new Recording(`S-${index}`, index.toString(16).padStart(32, 'a'));
      recording.run(recording.session([0, 100]), 'Triage', [1, 99]);
      return toOtlpLine(recording.spans);
    });
    const file = join(folder, 'many.json');
    writeFileSync(file, many.join('\n'));
    const shell = spawn('sh', [
      '-c',
      `"${process.execPath}" --import tsx src/cli/main.ts replay "${file}" | head -1; true`,
    ]);
    let output = '';
    for (const stream of [shell.stdout, shell.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    await new Promise((resolve) => shell.on('close', resolve));
    expect(output).toBe('✓ S-0 · pipeline · completed in 100ms\n');
  });
});

describe('otel-baton', () => {
  it.each([
    [['--help'], 'Usage: otel-baton COMMAND [options]'],
    [['help'], 'Usage: otel-baton COMMAND [options]'],
    [['-h'], 'Usage: otel-baton COMMAND [options]'],
    [['replay', '--help'], 'Usage: otel-baton replay FILE... [options]'],
    [['replay', 'x', '-h'], 'Usage: otel-baton replay FILE... [options]'],
    [['help', 'replay'], 'Usage: otel-baton replay FILE... [options]'],
    [['help', 'demo'], 'Usage: otel-baton demo [options]'],
    [['help', 'doctor'], 'Usage: otel-baton doctor [options]'],
  ])('helps with %j on a screen of 80 columns and 24 lines', async (args, firstLine) => {
    const { code, stdout, stderr } = await runCli(args);
    const lines = stdout.trimEnd().split('\n');
    expect({ code, stderr, firstLine: lines[0] }).toEqual({ code: 0, stderr: '', firstLine });
    // One line is for the prompt.
    expect(lines.length).toBeLessThanOrEqual(23);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('helps also who gave no command, but as an error', async () => {
    const { code, stdout, stderr } = await runCli([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Usage: otel-baton COMMAND [options]');
  });

  it('names the commands to who asked for another', async () => {
    const { code, stdout, stderr } = await runCli(['re\u001b[2Jply']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(
      /^otel-baton: unknown command 're\\x1b\[2Jply'; expected one of: .*\breplay\b.*\nSee otel-baton --help\.\n$/,
    );
  });

  it('tells its version', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    for (const flag of ['--version', '-v']) {
      expect(await runCli([flag])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    }
  });
});
