import { defineConfig } from 'vitest/config';
import journeys from './vitest.config.ts';

export default defineConfig({
  test: { ...journeys.test, include: ['measure.ts'], testTimeout: 900_000, hookTimeout: 900_000 },
});
