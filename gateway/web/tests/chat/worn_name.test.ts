import { expect, it } from "vitest";
import { isNumbered } from "../../src/chat/worn_name.ts";

it("tells a number of the room from another name", () => {
  expect(isNumbered("রাকিব ২", "রাকিব")).toBe(true);
  expect(isNumbered("রাকিব ১০৪৭", "রাকিব")).toBe(true);
  expect(isNumbered("রাকিব ২ ৩", "রাকিব ২")).toBe(true);
  for (const other of ["রাকিব", "রাকিব ", "রাকিব 2", "রাকিব২", "রাকিব ২ক", "করিম ২"]) {
    expect(isNumbered(other, "রাকিব"), other).toBe(false);
  }
});
