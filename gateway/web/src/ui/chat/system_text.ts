/** What the room says of itself: the server's own Bangla, or ours in another language. */
import { catalogues } from "../../text/catalogue.svelte.ts";
import { say } from "../../text/say.ts";
import type { SystemEvent } from "../../wire/contract.ts";

export function systemText(event: SystemEvent): string {
  if (catalogues.shown.language === "bn") return event.message;
  const name = event.username ?? "";
  const count = (event.count ?? 1) - 1;
  switch (event.event) {
    case "joined":
      return count > 0
        ? say("system.joined_many", { name, count })
        : say("system.joined", { name });
    case "left":
      return count > 0 ? say("system.left_many", { name, count }) : say("system.left", { name });
    case "renamed":
      return say("system.renamed", { name });
    case "room_closed":
      return say("system.room_closed");
  }
}
