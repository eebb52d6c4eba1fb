/** The page itself is kept in the browser, so that it opens without a network. */
import { scriptAddress } from "../trusted/script_address.ts";

class Shell {
  /** A new version waits; `renew` takes it. */
  waiting = $state.raw<ServiceWorker | null>(null);
  /**
   * Why the page must be loaded anew. Another tab has taken a new version, and parts of this one may be
   * gone; or a part could not be fetched though there is a network: the link broke once, which browsers
   * remember until then, or it is not on the server any more.
   */
  broken = $state<"app.new_version" | "error.network" | null>(null);

  renew(): void {
    // What another tab has accepted waits no more, and would never answer.
    if (this.waiting?.state !== "installed") {
      location.reload();
      return;
    }
    navigator.serviceWorker.addEventListener("controllerchange", () => {
      location.reload();
    });
    this.waiting.postMessage("take over");
  }
}

export const shell = new Shell();

/** After everything else: the first visit must not wait for it. */
export function keepShellOffline(): void {
  if (!("serviceWorker" in navigator) || import.meta.env.DEV) return;
  // Not allowed (cookies blocked, a full disk): then the page just is not kept.
  const begin = (): void => void register().catch(() => undefined);
  if (document.readyState === "complete") begin();
  else addEventListener("load", begin);
}

async function register(): Promise<void> {
  const registration = await navigator.serviceWorker.register(scriptAddress("/sw.js"));
  const offer = (worker: ServiceWorker | null): void => {
    // Without a controller this is the first visit: nothing older is shown.
    if (navigator.serviceWorker.controller !== null) shell.waiting = worker;
  };
  offer(registration.waiting);
  if (navigator.serviceWorker.controller !== null) {
    navigator.serviceWorker.addEventListener("controllerchange", () => {
      shell.broken = "app.new_version";
    });
  }
  registration.addEventListener("updatefound", () => {
    const worker = registration.installing;
    worker?.addEventListener("statechange", () => {
      if (worker.state === "installed") offer(worker);
    });
  });
}
