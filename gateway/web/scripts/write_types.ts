// Writes src/wire/contract.ts from contract.json beside it: `make docs`.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { compile } from "json-schema-to-typescript";
import { format } from "prettier";

const WIRE = new URL("../src/wire/", import.meta.url);
const BANNER =
  "// Made by `make docs` from contract.json beside it; a test fails when it is stale.";
/** How the generator came upon a type; of no use to a reader. */
const REFERENCES = / \*\s*\n \* This interface was referenced by[^]*?\n(?= \*\/)/g;
/** What the schema as a whole describes: nothing, it is a list of definitions. */
const WHOLE = /export interface Contract \{\s*\}\n/;

/** The text of contract.ts. */
export async function typesOfContract(): Promise<string> {
  const schema = JSON.parse(await readFile(new URL("contract.json", WIRE), "utf8"));
  const made = await compile(schema, "Contract", {
    bannerComment: BANNER,
    format: false,
    unreachableDefinitions: true,
  });
  const types = made.replace(REFERENCES, "").replace(WHOLE, "");
  return format(types, { parser: "typescript", printWidth: 100 });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(new URL("contract.ts", WIRE), await typesOfContract());
}
