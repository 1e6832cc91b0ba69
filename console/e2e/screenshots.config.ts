import { defineConfig } from 'vitest/config';
import journeys from './vitest.config.ts';

export default defineConfig({
  test: { ...journeys.test, include: ['screenshots.ts'], testTimeout: 600_000 },
});
