/** Changes a part of a field so that Ctrl+Z takes it back. */

/** Replaces what is from `from` to `to` by `text`; the caret stands after it. */
export function putText(
  element: HTMLTextAreaElement,
  from: number,
  to: number,
  text: string,
): void {
  if (from === to && text === "") return;
  element.focus();
  element.setSelectionRange(from, to);
  // The only way that keeps the history of undo; deprecated, and without a successor.
  const done =
    text === "" ? document.execCommand("delete") : document.execCommand("insertText", false, text);
  if (!done) element.setRangeText(text, from, to, "end");
}
