import { afterEach, describe, expect, it } from "vitest";

import { catalogues } from "../../src/text/catalogue.svelte.ts";
import { deedText, duration, madeBy, sayStaff } from "../../src/text/say_staff.ts";

afterEach(() => catalogues.show("bn"));

describe("texts about moderation", () => {
  it("follow the reader's language", async () => {
    expect(sayStaff("act.mute_title", { name: "মিতা" })).toBe("মিতা-কে নীরব করুন");
    await catalogues.show("en");
    expect(sayStaff("act.mute_title", { name: "Mita" })).toBe("Mute Mita");
  });

  it("name deeds and who did them, also those that are not known here", () => {
    expect(deedText("lifted")).toBe(sayStaff("log.did_lifted"));
    expect(deedText("danced")).toBe(sayStaff("log.did_other"));
    expect(madeBy("owner:0199b6a2")).toBe(sayStaff("log.by_owner"));
    expect(madeBy("robot")).toBe(sayStaff("log.by_admin"));
  });

  it.each([
    [0, "1 second"],
    [90, "90 seconds"],
    [600, "10 minutes"],
    [601, "11 minutes"],
    [7_200, "2 hours"],
    [172_800, "2 days"],
  ])("tell how long %i seconds are", async (seconds, text) => {
    await catalogues.show("en");
    expect(duration(seconds)).toBe(text);
  });

  it("tell it in Bangla", () => {
    expect(duration(600)).toBe("১০ মিনিট");
  });
});
