/** Where in a textarea the caret is drawn. */

const COPIED = [
  "boxSizing",
  "borderTopWidth",
  "borderLeftWidth",
  "borderRightWidth",
  "paddingTop",
  "paddingLeft",
  "paddingRight",
  "fontFamily",
  "fontSize",
  "fontWeight",
  "lineHeight",
  "letterSpacing",
  "textAlign",
  "direction",
] as const;

/** Pixels from the left edge of the element, and from its top to the caret's line, to `offset`. */
export function caretPlace(
  element: HTMLTextAreaElement,
  offset: number,
): { readonly left: number; readonly top: number } {
  const mirror = document.createElement("div");
  const style = getComputedStyle(element);
  for (const property of COPIED) mirror.style[property] = style[property];
  mirror.style.position = "absolute";
  mirror.style.visibility = "hidden";
  mirror.style.whiteSpace = "pre-wrap";
  mirror.style.overflowWrap = "anywhere";
  mirror.style.width = `${String(element.offsetWidth)}px`;
  const mark = document.createElement("span");
  mark.textContent = "|";
  mirror.append(element.value.slice(0, offset), mark);
  document.body.append(mirror);
  const place = { left: mark.offsetLeft, top: mark.offsetTop - element.scrollTop };
  mirror.remove();
  return place;
}
