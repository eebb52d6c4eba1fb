import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// Apart from vite.config.ts: who only builds has no vitest.
export default defineConfig({
  plugins: [svelte()],
  test: {
    include: ["tests/**/*.test.ts"],
    setupFiles: ["tests/same_examples.ts"],
    testTimeout: 30_000, // long enough for a machine that does much else
  },
});
