import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// Apart from vite.config.ts: who only builds has no vitest.
export default defineConfig({
  plugins: [svelte()],
  // Long enough for a machine that does much else.
  test: { include: ["tests/**/*.test.ts"], testTimeout: 30_000 },
});
