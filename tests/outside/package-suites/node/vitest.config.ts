import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { globalSetup: 'leadconduit-mock/setup', include: ['vitest/*.test.ts'], sequence: { concurrent: true } },
});
