/** What is needed of `node:fs`, so that nothing here imports it. */
interface Files {
  readFileSync(path: string, encoding: 'utf8'): string;
  readdirSync(path: string): string[];
}

export interface ApiCopy {
  /** Its `package.json`'s folder, relative to where the search began where it is below it. */
  readonly path: string;
  readonly version: string;
}

const API = '@opentelemetry/api';
const MAX_FOLDERS = 20_000;

/**
 * The copies of OpenTelemetry's API in the `node_modules` that an app in `folder` can see: its own, nested ones, pnpm's
 * store, and those of the folders above.
 */
export function findApiCopies(folder: string, files: Files): ApiCopy[] {
  const copies = new Map<string, ApiCopy>();
  let left = MAX_FOLDERS;
  const list = (path: string): string[] => {
    left -= 1;
    try {
      return left > 0 ? files.readdirSync(path) : [];
    } catch {
      return [];
    }
  };
  const read = (path: string): void => {
    try {
      const { version } = JSON.parse(files.readFileSync(`${path}/package.json`, 'utf8')) as { version?: unknown };
      const shown = path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path;
      copies.set(shown, { path: shown, version: String(version) });
    } catch {
      // No copy here.
    }
  };
  const look = (modules: string): void => {
    for (const name of list(modules)) {
      if (name === '.pnpm') {
        const store = `${modules}/.pnpm`;
        for (const entry of list(store)) {
          if (entry.startsWith('@opentelemetry+api@')) read(`${store}/${entry}/node_modules/${API}`);
        }
      } else if (name.startsWith('@')) {
        for (const inner of list(`${modules}/${name}`)) enter(modules, `${name}/${inner}`);
      } else if (!name.startsWith('.')) enter(modules, name);
    }
  };
  const enter = (modules: string, name: string): void => {
    if (name === API) read(`${modules}/${name}`);
    const path = `${modules}/${name}`;
    if (list(path).includes('node_modules')) look(`${path}/node_modules`);
  };
  for (let at = folder; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) {
    look(`${at}/node_modules`);
    if (at === '' || at.endsWith(':')) break;
  }
  return [...copies.values()];
}
