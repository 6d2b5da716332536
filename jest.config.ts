/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

/** What needs more than the source, by folder below test/; the rest is `unit`. */
const APART = ['installed', 'backends', 'redis'];

const project = (displayName: string, testMatch: string[], testPathIgnorePatterns: string[] = []) => ({
  displayName,
  testMatch,
  testPathIgnorePatterns,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ] satisfies [string, object],
  },
});

const config: Config = {
  // Jest leaves one processor to whoever watches; nobody does.
  maxWorkers: '100%',
  reporters: ['default', '<rootDir>/scripts/plain-summary.mjs'],
  projects: [
    project(
      'unit',
      ['<rootDir>/test/**/*.test.ts'],
      APART.map((folder) => `<rootDir>/test/${folder}/`),
    ),
    ...APART.map((folder) => project(folder, [`<rootDir>/test/${folder}/**/*.test.ts`])),
  ],
};

export default config;
