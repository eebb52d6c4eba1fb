/** Which page is shown: `/` is the list of rooms, `/r/<id>` a room. */

export type Route = { readonly name: "rooms" } | { readonly name: "room"; readonly id: string };

const ROOM = /^\/r\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/?$/i;

class Router {
  current = $state.raw<Route>(parse(location.pathname));

  constructor() {
    addEventListener("popstate", () => {
      this.current = parse(location.pathname);
    });
  }

  go(path: string): void {
    if (path === location.pathname) return;
    history.pushState(null, "", path);
    this.current = parse(path);
  }

  /** For links: lets the browser open new tabs by itself. */
  follow = (event: MouseEvent): void => {
    const link = event.currentTarget;
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
    if (!plain || !(link instanceof HTMLAnchorElement)) return;
    event.preventDefault();
    this.go(link.pathname);
  };
}

export const router = new Router();

export function roomPath(id: string): string {
  return `/r/${id}`;
}

function parse(path: string): Route {
  const id = ROOM.exec(path)?.[1];
  return id === undefined ? { name: "rooms" } : { name: "room", id: id.toLowerCase() };
}
