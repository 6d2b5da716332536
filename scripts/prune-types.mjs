// Keeps, of the declarations in dist, those that the exports map reaches. The others describe inner modules that have no file
// of their own in the built code, and one names a package that is not installed with ours.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));
const reached = new Set();

function reach(path) {
  if (reached.has(path)) return;
  reached.add(path);
  const text = readFileSync(path, 'utf8');
  for (const [, from] of text.matchAll(/ from '(\.[^']*)\.[jt]s';$/gm)) {
    reach(join(dirname(path), `${from}.d.ts`));
  }
}

for (const target of Object.values(exports)) {
  for (const { types } of Object.values(target)) if (types) reach(join(types));
}
for (const name of readdirSync('dist', { recursive: true })) {
  const path = join('dist', name);
  if (/\.d\.ts(\.map)?$/.test(path) && !reached.has(path.replace(/\.map$/, ''))) rmSync(path);
}
