/** Parts of the page that are fetched when they are first wanted. */
import { say } from "../text/say.ts";
import { notices } from "./notices.svelte.ts";

/** The part; if it cannot be had now, says so and calls `onfailed`, so that it can be asked for again. */
export async function part<T>(load: () => Promise<T>, onfailed: () => void): Promise<T> {
  try {
    return await load();
  } catch {
    notices.tell(say("error.network")); // a link that broke, or another version on the server
    onfailed();
    return new Promise(() => undefined);
  }
}
