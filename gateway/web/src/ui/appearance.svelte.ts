/** Follows the reader's theme and language, and the clock of relative times. */
import { theme } from "../storage/preferences.ts";
import { catalogues } from "../text/catalogue.svelte.ts";

const TICK_MILLISECONDS = 20_000;

class Appearance {
  #systemDark = $state(false);
  /** Milliseconds since 1970, renewed often enough for "3 minutes ago". */
  now = $state(Date.now());

  constructor() {
    const query = matchMedia("(prefers-color-scheme: dark)");
    this.#systemDark = query.matches;
    query.addEventListener("change", () => {
      this.#systemDark = query.matches;
    });
    setInterval(() => {
      if (!document.hidden) this.now = Date.now();
    }, TICK_MILLISECONDS);
  }

  get dark(): boolean {
    return theme.value === "dark" || (theme.value === "system" && this.#systemDark);
  }

  /** To be called in an effect of the outermost component. */
  apply(): void {
    document.documentElement.dataset["theme"] = this.dark ? "dark" : "light";
    document.documentElement.lang = catalogues.shown.language;
  }
}

export const appearance = new Appearance();
