import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { VERSION } from '../../src/version.ts';

/** The package as it is published, `esm/` and `cjs/`, in a folder in which the installed packages are found. */
export interface BuiltPackage {
  readonly folder: string;
  /**
   * A copy of it that says it is another version, in a folder of that name. Some of what its objects have inside goes by other
   * names there, as it may in any other version.
   */
  copyAs(version: string): string;
  remove(): void;
}

const INSIDE = /\b(joinedBy|rememberError|enlist|peers|evict|opened|shadowed|handoffById|enclosing)\b/g;

export function buildPackage(): BuiltPackage {
  const folder = mkdtempSync(join(tmpdir(), 'built-package-'));
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'), 'dir');
  const config = join(folder, 'rolldown.config.ts');
  writeFileSync(
    config,
    `import builds from '${resolve('rolldown.config.ts')}';
     const into = ({ output, ...build }) => ({ ...build, output: { ...output, dir: '${folder}/' + output.format } });
     export default builds.map(into);`,
  );
  execFileSync('npx', ['rolldown', '-c', config], { stdio: 'pipe' });
  writeFileSync(join(folder, 'esm', 'package.json'), '{ "type": "module" }');
  return {
    folder,
    copyAs(version) {
      const copy = join(folder, version);
      for (const format of ['esm', 'cjs']) {
        cpSync(join(folder, format), join(copy, format), { recursive: true });
        for (const name of readdirSync(join(copy, format), { recursive: true, encoding: 'utf8' })) {
          if (!name.endsWith('.js')) continue;
          const path = join(copy, format, name);
          const code = readFileSync(path, 'utf8').replaceAll(VERSION, version);
          writeFileSync(path, code.replace(INSIDE, '$1Otherwise'));
        }
      }
      return copy;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
