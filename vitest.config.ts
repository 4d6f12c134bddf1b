import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    globalSetup: ['tests/setup/firmware.ts'],
    testTimeout: 120_000,
    hookTimeout: 300_000,
    // The machine the suite is sized for has two cores; the emulator runs want a process each.
    pool: 'forks',
    maxWorkers: 2,
  },
});
