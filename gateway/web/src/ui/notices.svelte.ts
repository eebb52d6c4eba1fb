/** Short texts that come and go by themselves, such as why something was refused. */

const SHOWN_MILLISECONDS = 6_000;
const MOST = 3;

interface Notice {
  readonly id: number;
  readonly text: string;
}

class Notices {
  list = $state.raw<readonly Notice[]>([]);
  #next = 0;

  tell(text: string): void {
    const id = this.#next++;
    const others = this.list.filter((notice) => notice.text !== text);
    this.list = [...others, { id, text }].slice(-MOST);
    setTimeout(() => {
      this.list = this.list.filter((notice) => notice.id !== id);
    }, SHOWN_MILLISECONDS);
  }
}

export const notices = new Notices();
