import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from '@jest/globals';

const SOURCE = readFileSync('src/baton.ts', 'utf8');
/** What the examples use of an app. */
const APP = `
  import { Baton } from 'otel-baton';
  interface Ticket { readonly text: string; readonly order: string }
  declare const baton: Baton;
  declare const ticket: Ticket;
  declare function triage(ticket: Ticket): Promise<string>;
  declare function refund(ticket: Ticket): Promise<string>;
  declare function ask(ticket: Ticket): Promise<boolean>;
  declare function answerCustomer(): Promise<string>;
  declare const mcp: { callTool(name: string, input: object): Promise<unknown> };
  declare const model: {
    complete(prompt: string): Promise<{ id: string; text: string; finishReason: string; tokensIn: number; tokensOut: number }>;
  };
`;

interface Example {
  /** The method or class that the example belongs to. */
  readonly of: string;
  readonly code: string;
}

const EXAMPLES: readonly Example[] = [
  ...SOURCE.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n(?:export class )? *(\w+)/g),
].flatMap(([, comment = '', of = '']) => {
  const code = /@example\n[ *]*```ts\n([\s\S]*?)```/.exec(comment)?.[1];
  return code === undefined ? [] : [{ of, code: code.replace(/^ *\* ?/gm, '') }];
});

const directory = mkdtempSync(join('test', 'types', '.examples-'));
afterAll(() => rmSync(directory, { recursive: true }));

describe('the examples in the comments of Baton', () => {
  it('exist for each method that takes a callback', () => {
    const methods = [...SOURCE.matchAll(/^ {2}((?:with|resume)\w+)</gm)].map(([, name]) => name);
    expect(methods.length).toBeGreaterThan(8);
    expect(EXAMPLES.map(({ of }) => of)).toEqual(expect.arrayContaining(methods));
  });

  it('compile', async () => {
    const functions = EXAMPLES.map(
      ({ of, code }) => `export async function example_${of}() {\n${declared(of, code)}\n}`,
    );
    const file = join(directory, 'examples.ts');
    writeFileSync(file, `${APP}\n${functions.join('\n')}`);
    writeFileSync(
      join(directory, 'tsconfig.json'),
      JSON.stringify({
        extends: resolve('tsconfig.json'),
        compilerOptions: { isolatedDeclarations: false, declaration: false },
        include: ['examples.ts'],
      }),
    );
    const run = promisify(execFile)('node_modules/.bin/tsc', ['-p', directory]).catch(({ stdout }) => ({ stdout }));
    expect((await run).stdout).toBe('');
  }, 60_000);
});

/** The example of the class makes a `baton` of its own. */
function declared(of: string, code: string): string {
  return of === 'Baton' ? `{\n${code}}` : code;
}
