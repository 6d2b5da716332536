import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Runs a recipe of `examples/across` as a person does, and gives what it printed, without times and bars. */
export async function runRecipe(name: string): Promise<string> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: _, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', `examples/across/${name}.ts`], {
    env: { ...env, NO_COLOR: '1', COLUMNS: '160' },
    timeout: 60_000,
  });
  return timeless(stdout);
}

/** Times, ports and trace ids differ from run to run. */
export function timeless(text: string): string {
  return (
    text
      .trim()
      .replace(/ +[━─╺╸╶╴]+ *$/gm, '')
      .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ UTC/g, '{when}')
      // A column as wide as its times: milliseconds take more room than seconds.
      .replace(/^ *\+\d+(?:\.\d+)?(?:ms|s)\b/gm, '  +{t}')
      .replace(/^ {8,}/gm, ' '.repeat(11))
      .replace(/ {2,}\d+(?:\.\d+)?(?:ms|s|µs)$/gm, '')
      .replace(/\b\d+(?:\.\d+)?(?:ms|s|µs)\b/g, '{t}')
      .replace(/127\.0\.0\.1:\d+/g, '{address}')
      .replace(/\b[0-9a-f]{32}\b/g, '{trace}')
  );
}
