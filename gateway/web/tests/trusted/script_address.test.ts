import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type * as Addresses from "../../src/trusted/script_address.ts";

async function fresh(): Promise<typeof Addresses> {
  vi.resetModules();
  return import("../../src/trusted/script_address.ts");
}

let policies: string[];

beforeEach(() => {
  policies = [];
});

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("the address of a script", () => {
  it("is one of ours", async () => {
    const { scriptAddress } = await fresh();
    expect(scriptAddress("/sw.js")).toBe("/sw.js");
    expect(scriptAddress("/assets/worker-Ab_1-x.js")).toBe("/assets/worker-Ab_1-x.js");
  });

  it.each([
    "https://evil.example/x.js",
    "//evil.example/x.js",
    "data:,x",
    "x.js",
    "/\\evil.example/x.js",
    "",
  ])("is never %s", async (path) => {
    const { scriptAddress } = await fresh();
    expect(() => scriptAddress(path)).toThrow(TypeError);
  });

  it("comes from one policy, since a second of its name is not allowed", async () => {
    vi.stubGlobal("trustedTypes", {
      createPolicy: (name: string, rules: object) => {
        policies.push(name);
        return rules;
      },
    });
    const { scriptAddress } = await fresh();
    scriptAddress("/sw.js");
    scriptAddress("/assets/worker.js");
    expect(policies).toEqual(["adda"]);
  });
});
