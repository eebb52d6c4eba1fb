/** What the reader is writing in a room: kept over reloads, and what it answers or changes. */
import type { RoomSession } from "../../app/room_session.svelte.ts";
import { ApiError, changeMessage } from "../../rest/api.ts";
import { lasting } from "../../storage/shelf.ts";
import { isBlank } from "../../text/visible.ts";
import type { MessageEvent } from "../../wire/contract.ts";
import { notices } from "../notices.svelte.ts";
import { problemText } from "../problems.ts";

export type About =
  | { readonly kind: "reply"; readonly message: MessageEvent }
  | { readonly kind: "edit"; readonly message: MessageEvent };

export class Writing {
  about = $state.raw<About | null>(null);
  readonly #key: string;
  #text = $state("");
  /** What was being written before an older message was taken up to be changed. */
  #before = "";

  constructor(room: string) {
    this.#key = `draft:${room}`;
    this.#text = lasting.getItem(this.#key) ?? "";
  }

  get text(): string {
    return this.#text;
  }

  set text(text: string) {
    this.#text = text;
    if (this.about?.kind !== "edit") this.#keep(text);
  }

  reply(message: MessageEvent): void {
    this.cancel();
    this.about = { kind: "reply", message };
  }

  edit(message: MessageEvent): void {
    this.cancel();
    this.#before = this.text;
    this.about = { kind: "edit", message };
    this.text = message.message;
  }

  cancel(): void {
    const edited = this.about?.kind === "edit";
    this.about = null;
    if (edited) this.text = this.#before;
  }

  send(session: RoomSession): void {
    const content = this.text.trim();
    if (isBlank(content)) return;
    const { about } = this;
    if (about?.kind === "edit") {
      this.cancel();
      if (content !== about.message.message) void this.#change(about.message, content);
      return;
    }
    const reply = about === null ? {} : { reply_to: about.message.message_id };
    session.say({ content, message_type: "text", ...reply });
    this.about = null;
    this.text = "";
  }

  async #change(message: MessageEvent, content: string): Promise<void> {
    try {
      await changeMessage(message.message_id, content);
    } catch (error) {
      notices.tell(problemText(error));
      if (error instanceof ApiError && error.view?.code === "too_late") return;
      // What was written comes back, unless something else has been begun.
      if (this.about !== null || this.text !== this.#before) return;
      this.edit(message);
      this.text = content;
    }
  }

  #keep(text: string): void {
    if (text === "") lasting.removeItem(this.#key);
    else lasting.setItem(this.#key, text);
  }
}
