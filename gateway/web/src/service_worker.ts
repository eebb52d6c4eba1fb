/**
 * Keeps the page's own files, nothing else: no message, no answer of the service is ever stored.
 * The build puts the list of files in (see vite.config.ts); a new list is a new version.
 */
declare const self: ServiceWorkerGlobalScope;
declare const __SHELL__: { readonly version: string; readonly files: readonly string[] };

const shell = __SHELL__;
const CACHE = `adda-${shell.version}`;
const PAGE = "/";

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll([PAGE, ...shell.files])));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(removeOldCaches().then(() => self.clients.claim()));
});

self.addEventListener("message", (event) => {
  if (event.data === "take over") void self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  const path = request.mode === "navigate" ? pageFor(url.pathname) : url.pathname;
  if (path !== PAGE && !shell.files.includes(path)) return;
  event.respondWith(fromCache(path, request));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(show(String(event.notification.data ?? PAGE)));
});

/** Every room is the same page. */
function pageFor(path: string): string {
  return path === PAGE || path.startsWith("/r/") ? PAGE : path;
}

async function fromCache(path: string, request: Request): Promise<Response> {
  const kept = await caches.match(path, { cacheName: CACHE });
  return kept ?? fetch(request);
}

async function removeOldCaches(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith("adda-") && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}

async function show(path: string): Promise<void> {
  const windows = await self.clients.matchAll({ type: "window" });
  const open = windows.find((client) => new URL(client.url).pathname === path);
  if (open === undefined) await self.clients.openWindow(path);
  else await open.focus();
}

export {};
