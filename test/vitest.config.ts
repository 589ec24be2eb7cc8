// How `npm test` runs the tests. Run some of them with `npm run test:run -- test/plan`.

import { defineConfig } from 'vitest/config';

const summaryFile = process.env['MODELCTL_TEST_SUMMARY']; // CI asks for a summary it can read

const json = (outputFile: string): ['json', { outputFile: string }] => ['json', { outputFile }];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // Most tests wait for processes rather than compute: the default leaves a core to nobody.
    maxWorkers: '100%',
    retry: 0,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    globalSetup: ['test/toolchain/global-setup.ts'],
    setupFiles: ['test/toolchain/seed.ts'],
    env: { NO_COLOR: '1', TZ: 'UTC', LC_ALL: 'C' },
    reporters: ['default', ...(summaryFile ? [json(summaryFile)] : [])],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/generated/**'],
      reporter: ['text-summary', 'html'],
      reportsDirectory: 'coverage',
    },
  },
});
