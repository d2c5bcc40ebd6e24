import { defineConfig } from '@playwright/test';

export default defineConfig({
  globalSetup: 'leadconduit-mock/setup',
  fullyParallel: true,
  webServer: { command: 'node app.mjs', url: `http://127.0.0.1:${process.env.APP_PORT}` },
  use: { launchOptions: { executablePath: process.env.CHROMIUM! } },
});
