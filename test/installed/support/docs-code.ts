import { readFileSync } from 'node:fs';

/** The first code below a heading of a document: what people copy is what the tests run. */
export function docsCode(file: string, heading: string): string {
  const section = readFileSync(file, 'utf8')
    .split(/^(?=##+ )/m)
    .find((text) => text.replace(/^#+ /, '').startsWith(`${heading}\n`));
  const code = /```(?:ts|js)\n([\s\S]*?)```/.exec(section ?? '')?.[1];
  if (!code) throw new Error(`${file} has no code below "${heading}"`);
  return code;
}
