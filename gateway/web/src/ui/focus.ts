/**
 * Of a page that takes the place of another: who goes by keys, or listens, goes on in it. The first
 * one leaves the focus where the browser begins.
 */
export function inherits(page: HTMLElement): void {
  const lost = document.activeElement === document.body;
  if (lost && navigator.userActivation?.hasBeenActive) page.focus();
}
