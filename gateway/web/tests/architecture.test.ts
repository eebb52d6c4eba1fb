/** The folders of src, what each may use, and where each module is tested. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";

const SRC = join(import.meta.dirname, "..", "src");
const TESTS = import.meta.dirname;

/** Folders in layers, upper ones first; a folder may use those of lower layers, and itself. */
const LAYERS = [
  ["ui"],
  ["app"],
  ["rest"],
  ["connection"],
  ["chat"],
  ["text"],
  ["storage"],
  ["proof"],
  ["avro", "trusted", "wire"],
] as const;

const TESTED_IN_A_BROWSER: Readonly<Record<string, string>> = {
  "app/route.svelte.ts": "tests/web/test_history.py",
  "avro/rules.ts": "tests/avro/engine.test.ts",
  "avro/signs.ts": "tests/avro/engine.test.ts",
  "connection/surroundings.ts": "tests/web/test_conversation.py",
  "proof/worker.ts": "tests/web/test_proof.py",
  "storage/preferences.ts": "tests/web/test_identity.py",
  "text/bn.ts": "tests/text/catalogue.test.ts",
  "text/en.ts": "tests/text/catalogue.test.ts",
  "text/staff_bn.ts": "tests/text/catalogue.test.ts",
  "text/staff_en.ts": "tests/text/catalogue.test.ts",
  "wire/codes.ts": "tests/unit/docs/test_write_wire.py",
  "wire/contract.ts": "tests/wire/contract.test.ts",
  "wire/decode.ts": "tests/connection/connection.test.ts",
};

const modules = globSync("*/*.ts", { cwd: SRC }).sort();
const sources = globSync("*/**/*.{ts,svelte}", { cwd: SRC }).sort();

function level(path: string): number {
  const folder = path.split("/")[0] ?? "";
  return LAYERS.findIndex((layer) => (layer as readonly string[]).includes(folder));
}

function importsOf(path: string): string[] {
  const text = readFileSync(join(SRC, path), "utf8");
  const found = text.matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g);
  return [...found].map(([, target = ""]) => relative(SRC, join(SRC, dirname(path), target)));
}

describe("the folders of the client", () => {
  it("stand in one of the layers each", () => {
    expect(sources.filter((path) => level(path) < 0 && !path.startsWith("style/"))).toEqual([]);
  });

  it("use only what lies below them", () => {
    const upwards = sources.flatMap((path) =>
      importsOf(path)
        .filter((target) => level(target) >= 0 && level(target) < level(path))
        .map((target) => `${path} → ${target}`),
    );
    expect(upwards).toEqual([]);
  });

  it("have a test for each module, by its name", () => {
    const untested = modules
      .filter((path) => !path.startsWith("ui/"))
      .filter((path) => !(path in TESTED_IN_A_BROWSER))
      .filter((path) => !existsSync(join(TESTS, path.replace(/(\.svelte)?\.ts$/, ".test.ts"))));
    expect(untested).toEqual([]);
  });

  it("know no exception that is not needed", () => {
    const known = Object.keys(TESTED_IN_A_BROWSER);
    expect(known.filter((path) => !modules.includes(path))).toEqual([]);
  });
});
