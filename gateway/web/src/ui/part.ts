/** Parts of the page that are fetched when they are first wanted. */
import { shell } from "../app/offline_shell.svelte.ts";
import { say } from "../text/say.ts";
import { notices } from "./notices.svelte.ts";

/** The part; if it cannot be had now, says so and calls `onfailed`, that it can be asked for again. */
export async function part<T>(load: () => Promise<T>, onfailed?: () => void): Promise<T> {
  try {
    return await load();
  } catch {
    // Where loading the page anew may help, that is offered instead.
    if (navigator.onLine) shell.broken = "error.network";
    else notices.tell(say("error.network"));
    onfailed?.();
    return new Promise(() => undefined);
  }
}
