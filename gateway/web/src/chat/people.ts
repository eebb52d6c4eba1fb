/** Who is in the room: one list, then what changes. Pure. */
import type { JoinedEvent, LeftEvent, RosterUser, UserListEvent } from "../wire/contract.ts";

export class People {
  #users = new Map<string, RosterUser>();
  #total = 0;

  /** The longest present first; at most as many as the server lists. */
  get users(): RosterUser[] {
    return [...this.#users.values()];
  }

  get total(): number {
    return this.#total;
  }

  get(id: string): RosterUser | undefined {
    return this.#users.get(id);
  }

  list(event: UserListEvent): void {
    this.#users = new Map(event.users.map((user) => [user.id, user]));
    this.#total = event.total;
  }

  joined(event: JoinedEvent, most: number): void {
    // A map keeps the place of who is in it: a new name does not move anybody.
    if (this.#users.has(event.user.id) || this.#users.size < most) {
      this.#users.set(event.user.id, event.user);
    }
    this.#total = event.total;
  }

  left(event: LeftEvent): void {
    this.#users.delete(event.user_id);
    this.#total = event.total;
  }
}
