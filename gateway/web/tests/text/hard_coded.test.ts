import { readdirSync, readFileSync } from "node:fs";

import { parse, type AST } from "svelte/compiler";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const SRC = new URL("../../src/", import.meta.url);
const CATALOGUES = /^(text\/(staff_)?(bn|en)\.ts|avro\/)/;
const BANGLA = /\p{Script=Bengali}/u;
const LETTER = /\p{L}/u;
/** The beginning of an address is the same in all languages. */
const ALLOWED: readonly string[] = ["https://"];
const READ_BY_PEOPLE = new Set(["aria-label", "title", "placeholder", "alt"]);

const FILES = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((path) => /\.(ts|svelte)$/.test(path) && !CATALOGUES.test(path))
  .sort();

/** The words of a program with Bangla in them, but for comments, and types, which nobody sees. */
function banglaIn(program: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node)) return;
    const text = node.getChildCount(source) === 0 ? node.getText(source) : "";
    if (BANGLA.test(text)) found.push(text);
    ts.forEachChild(node, visit);
  };
  const source = ts.createSourceFile("a.ts", program, ts.ScriptTarget.Latest, true);
  visit(source);
  return found;
}

function isNode(value: unknown): value is { type: string } & Record<string, unknown> {
  return typeof value === "object" && value !== null && "type" in value;
}

/** Every node of a template, those of its expressions too. */
function* nodes(value: unknown): Generator<{ type: string } & Record<string, unknown>> {
  if (Array.isArray(value)) for (const each of value) yield* nodes(each);
  else if (isNode(value)) {
    yield value;
    for (const [key, part] of Object.entries(value)) {
      if (key !== "metadata" && key !== "leadingComments" && key !== "trailingComments") {
        yield* nodes(part);
      }
    }
  }
}

function isHuman(text: string): boolean {
  return LETTER.test(text) && !ALLOWED.includes(text.trim());
}

/** The literal texts of an attribute, also those between expressions. */
function literals(value: unknown): string[] {
  return [...nodes(value)].flatMap((node) => {
    if (node.type === "Text") return [String(node["data"])];
    if (node.type === "Literal" && typeof node["value"] === "string") return [node["value"]];
    if (node.type === "TemplateElement") return [(node["value"] as { cooked: string }).cooked];
    return [];
  });
}

/** Keys of texts are literals too: `say("app.name")`. */
function withoutCalls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutCalls);
  if (!isNode(value)) return value;
  if (value.type === "CallExpression") return null;
  const parts = Object.entries(value).map(([key, part]) => [key, withoutCalls(part)] as const);
  return Object.fromEntries(parts.filter(([key]) => key !== "metadata" && key !== "parent"));
}

function humanTexts(root: AST.Root): string[] {
  const found: string[] = [];
  for (const node of nodes(root.fragment)) {
    if (node.type === "Fragment") {
      for (const child of node["nodes"] as AST.Fragment["nodes"]) {
        if (child.type === "Text") found.push(child.data);
      }
    }
    if (node.type === "Attribute" && READ_BY_PEOPLE.has(String(node["name"]))) {
      found.push(...literals(withoutCalls(node["value"])));
    }
  }
  return found.filter(isHuman);
}

function banglaInTemplate(root: AST.Root): string[] {
  return literals(root.fragment).filter((text) => BANGLA.test(text));
}

function script(source: string, part: AST.Script | null): string {
  const content = part?.content as { start: number; end: number } | undefined;
  return content === undefined ? "" : source.slice(content.start, content.end);
}

function problemsOf(path: string, source: string): string[] {
  if (!path.endsWith(".svelte")) return banglaIn(source);
  const root = parse(source, { modern: true });
  return [
    ...banglaIn(script(source, root.instance)),
    ...banglaIn(script(source, root.module)),
    ...banglaInTemplate(root),
    ...humanTexts(root),
    ...(BANGLA.test(root.css?.content.styles ?? "") ? ["the style"] : []),
  ];
}

describe("texts for people", () => {
  it.each(FILES)("stand in the catalogues, not in %s", (path) => {
    expect(problemsOf(path, readFileSync(new URL(path, SRC), "utf8"))).toEqual([]);
  });

  it("would be found in a program", () => {
    expect(problemsOf("a.ts", "// আ\nconst a: 'আ' = b; /* আ */")).toEqual([]);
    expect(problemsOf("a.ts", 'const a = "আ";')).toEqual(['"আ"']);
    expect(problemsOf("a.ts", "const a = `x${b}আ`, c = /আ/;").length).toBe(2);
  });

  it.each([
    "<p>Hello</p>",
    "<p>{a} Hello</p>",
    "{#if a}<b>Hello</b>{/if}",
    '<a title="Hello">·</a>',
    '<a aria-label="{a} Hello">·</a>',
    '<a aria-label={a ? "Hello" : b}>·</a>',
    "<a title={`Hello ${a}`}>·</a>",
    '<Field placeholder="Hello" />',
    '<img alt="Hello" />',
    '<p>{a ? "আ" : ""}</p>',
    '<p class="আ"></p>',
    '<script lang="ts">const a = "আ";</script>',
    "<style>p::before { content: 'আ' }</style>",
  ])("would be found in %s", (template) => {
    expect(problemsOf("A.svelte", template)).not.toEqual([]);
  });

  it.each([
    "<p>· …: (1) 🎉</p>",
    "<p>{a} {say('app.name')}</p>",
    "<!-- Hello আ --><p></p>",
    '<a aria-label={say("app.name", { count })} class="hello" href="/">·</a>',
    "<p>https://</p>",
    '<input placeholder="https://" />',
  ])("are not in %s", (template) => {
    expect(problemsOf("A.svelte", template)).toEqual([]);
  });
});
