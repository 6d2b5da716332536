// Writes src/secrets/kinds.ts: the kinds of tokens that secretlint's recommended rules know, by prefix. Run it after an update of
// the rule set: `node scripts/secret-kinds.mjs`. A test says when it is to be run.

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const RULES = '@secretlint/secretlint-rule-preset-recommend';
const TARGET = 'src/secrets/kinds.ts';

/** A rule for a token: a border, one prefix or several, then characters of a class. */
const TOKEN =
  /\/(?:\(\?<!\\p\{L\}\)|\\b)?(\((?:\?:|\?<\w+>)?[\w|[\]-]+\))?((?:\\\.|[\w-])*)\(?(?:\?<\w+>|\?:)?(?:\\d-\)\?\(\?:)?(?:\[([^\]]+)\]|\\[dw])[{+]/g;

/** @returns {{ version: string, kinds: [prefix: string, isBase64: boolean][] }} */
export function readKinds() {
  const require = createRequire(import.meta.url);
  const entry = require.resolve(`${RULES}/package.json`);
  const { version } = JSON.parse(readFileSync(entry, 'utf8'));
  const code = readFileSync(new URL('module/index.js', pathToFileURL(entry)), 'utf8');
  const kinds = new Map();
  for (const [, group = '', rest = '', characters = '\\w'] of code.matchAll(TOKEN)) {
    const heads = group.replace(/^\((?:\?:|\?<\w+>)?|\)$/g, '').split('|');
    for (const head of heads) {
      const prefix = `${head}${rest}`.replaceAll('\\', '');
      // What is shorter says nothing by itself; a class inside it is none of a prefix.
      if (/^[A-Za-z][\w.-]{2,}$/.test(prefix) && !/^(?:https?|secrets?|jdbc)/.test(prefix)) {
        kinds.set(prefix, kinds.get(prefix) === true || characters.includes('/'));
      }
    }
  }
  return { version, kinds: [...kinds].sort(([one], [other]) => (one < other ? -1 : 1)) };
}

export function render({ version, kinds }) {
  const list = (isBase64) =>
    kinds
      .filter(([, is]) => is === isBase64)
      .map(([prefix]) => `  '${prefix}',`)
      .join('\n');
  return `/**
 * Written by scripts/secret-kinds.mjs from the rules of ${RULES} ${version} (MIT licence, the
 * secretlint authors). Do not edit.
 */
export const RULE_SET = '${RULES} ${version}';

/** How tokens of a kind begin. */
export const PREFIXES: readonly string[] = [
${list(false)}
];
/** The same, of tokens in Base64. */
export const BASE64_PREFIXES: readonly string[] = [
${list(true)}
];
`;
}

if (process.argv[1] === new URL(import.meta.url).pathname) writeFileSync(TARGET, render(readKinds()));
