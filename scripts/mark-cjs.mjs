// Node reads the CommonJS twin as CommonJS only with a package.json of its own.
import { writeFileSync } from 'node:fs';

writeFileSync(new URL('../dist/cjs/package.json', import.meta.url), '{ "type": "commonjs" }\n');
