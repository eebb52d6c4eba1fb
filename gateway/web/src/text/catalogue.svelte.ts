/** The texts that are shown now. Bangla is part of the page; English comes when it is wanted. */
import type { Language } from "../storage/preferences.ts";
import { bn, type Catalogue } from "./bn.ts";

interface Shown {
  readonly language: Language;
  readonly texts: Catalogue;
}

class Catalogues {
  shown = $state.raw<Shown>({ language: "bn", texts: bn });
  #wanted: Language = "bn";

  /**
   * Shows the texts of `language`, unless another one is wanted before they are there.
   *
   * @throws Error its file cannot be fetched now; what was shown stays
   */
  async show(language: Language): Promise<void> {
    this.#wanted = language;
    const texts = language === "en" ? (await import("./en.ts")).en : bn;
    if (language === this.#wanted) this.shown = { language, texts };
  }
}

export const catalogues = new Catalogues();
