/** Apps of users: a folder of their own with a real install of the packed package, run by the Node they ask for. */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

export interface UserApp {
  readonly folder: string;
  /** What `npm install` said, warnings too. */
  readonly installed: string;
  /** Runs a file with the app's Node, in its folder and with these variables over a clean environment. */
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<{ stdout: string; stderr: string }>;
  /** The folders of all installed copies of a package: `['node_modules/@opentelemetry/api']`. */
  copiesOf(name: string): readonly string[];
  /** The folders of all installed packages. */
  packages(): readonly string[];
}

export interface UserAppOptions {
  /** What the user installs beside the package: `@opentelemetry/api@1.9`. */
  readonly packages: readonly string[];
  /** A version of the npm package `node`; left out, the Node that runs the test. */
  readonly node?: string | undefined;
  /** The app's files by name. `pipeline.cjs` is always there. */
  readonly files: Readonly<Record<string, string>>;
  readonly manifest?: Readonly<Record<string, unknown>>;
}

/** A folder for apps that share one packed tarball; `close` takes all of it away, once npm has ended what it does there. */
export interface Workshop {
  readonly folder: string;
  readonly tarball: string;
  app(options: UserAppOptions): Promise<UserApp>;
  close(): Promise<void>;
}

/** Packs the package as it is built: `npm run test:package` builds first, so that packing in parallel is safe. */
export async function openWorkshop(): Promise<Workshop> {
  const folder = mkdtempSync(join(tmpdir(), 'otel-baton-apps-'));
  await execute('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: process.cwd() });
  const tarball = join(folder, String(readdirSync(folder).find((name) => name.endsWith('.tgz'))));
  const apps: Promise<UserApp>[] = [];
  return {
    folder,
    tarball,
    app(options) {
      const app = createApp(folder, tarball, options);
      apps.push(app);
      return app;
    },
    async close() {
      await Promise.allSettled(apps);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function createApp(
  parent: string,
  tarball: string,
  { packages, node, files, manifest }: UserAppOptions,
): Promise<UserApp> {
  const folder = mkdtempSync(join(parent, 'app-'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'app', private: true, ...manifest }));
  copyFileSync('test/installed/programs/pipeline.cjs', join(folder, 'pipeline.cjs'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const env = cleanEnvironment();
  const wanted = [tarball, ...packages, ...(node ? [`node@${node}`] : [])];
  const { stdout, stderr } = await execute('npm', ['install', '--no-audit', '--no-fund', ...wanted], {
    cwd: folder,
    env,
  });
  const binary = node ? join(folder, 'node_modules/node/bin/node') : process.execPath;
  const installedPackages = (): string[] => {
    const lock = JSON.parse(readFileSync(join(folder, 'node_modules/.package-lock.json'), 'utf8'));
    return Object.keys(lock.packages);
  };
  return {
    folder,
    installed: stdout + stderr,
    run: (args, more = {}) => execute(binary, [...args], { cwd: folder, env: { ...env, ...more }, timeout: 60_000 }),
    copiesOf: (name) => installedPackages().filter((path) => path.endsWith(`node_modules/${name}`)),
    packages: installedPackages,
  };
}

/** Without what the test run itself was given: Jest's options, and anybody's telemetry. */
function cleanEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !/^(NODE_OPTIONS|OTEL_|BATON_)/.test(name));
  return Object.fromEntries(kept) as Record<string, string>;
}
