// One report of the public surface per entry of the exports map: api/index.api.md, api/replay.api.md, …
// Fails when a report differs from the built types; `--update` writes the reports anew.
import { mkdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor';

const update = process.argv.includes('--update');
const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));
const base = ExtractorConfig.loadFile('api-extractor.json');
mkdirSync('api', { recursive: true });

let failed = 0;
for (const [subpath, target] of Object.entries(exports)) {
  const types = target.import?.types;
  if (!types) continue;
  const reportFileName = `${basename(subpath === '.' ? 'index' : subpath)}.api.md`;
  const extractorConfig = ExtractorConfig.prepare({
    configObject: {
      ...base,
      projectFolder: process.cwd(),
      mainEntryPointFilePath: types.replace('./', '<projectFolder>/'),
      apiReport: { ...base.apiReport, reportFileName },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: `${process.cwd()}/package.json`,
  });
  const { succeeded, apiReportChanged } = Extractor.invoke(extractorConfig, { localBuild: update });
  const state = succeeded ? (apiReportChanged ? 'written' : 'as it was') : 'differs: npm run api, then read the diff';
  console.log(`api/${reportFileName}: ${state}`);
  if (!succeeded) failed += 1;
}
process.exitCode = failed ? 1 : 0;
