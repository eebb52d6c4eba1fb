import { createHash } from "node:crypto";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";

/** Tells the service worker which files make up the page. */
function offlineShell(): Plugin {
  const others = ["/manifest.webmanifest", "/icon.svg", "/icon-192.png"];
  return {
    name: "adda-offline-shell",
    apply: "build",
    enforce: "post",
    generateBundle(_options, bundle) {
      const names = Object.keys(bundle).filter((name) => /^assets\/.*\.(js|css|woff2)$/.test(name));
      const files = [...names.map((name) => `/${name}`).sort(), ...others];
      const page = bundle["index.html"];
      const hash = createHash("sha256").update(files.join("\n"));
      if (page?.type === "asset") hash.update(page.source);
      const shell = { version: hash.digest("hex").slice(0, 12), files };
      const worker = bundle["sw.js"];
      if (worker?.type !== "chunk") throw new Error("the build has no sw.js");
      worker.code = worker.code.replaceAll("__SHELL__", JSON.stringify(shell));
    },
  };
}

/** Fetched when they are first wanted. */
const LAZY =
  /src\/(avro|proof|text\/(en|say_staff|staff_)|rest\/moderation|service_worker|ui\/(staff|settings|.*(EmojiPicker|ImageDialog|MessageMenu|PeoplePanel|ShareRoom|CreateRoom|Choices|Switch|QrCode)\.svelte))|node_modules\/uqr/;
/** What only rooms need; newcomers choose a name meanwhile. */
const ROOM =
  /src\/(chat|connection|ui\/chat|app\/(room_session|coalescer|standing))|node_modules\/virtua/;
/** Two files of all the rest, since many small ones cost round trips. */
const groups = [
  { name: "page", test: (id: string) => !LAZY.test(id) && !ROOM.test(id) },
  { name: "room", test: (id: string) => !LAZY.test(id) && ROOM.test(id) },
];

export default defineConfig({
  plugins: [svelte(), offlineShell()],
  build: {
    // The first with :has, color-mix and dvh, which the styles need; phones update by themselves.
    target: ["chrome111", "firefox121", "safari16.2"],
    modulePreload: { polyfill: false },
    // The content security policy allows no data: scripts and no inline styles.
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: { index: "index.html", sw: "src/service_worker.ts" },
      output: {
        codeSplitting: { groups },
        entryFileNames: ({ name }) => (name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
      },
    },
  },
  server: {
    proxy: {
      "/api": "http://127.0.0.1:8000",
      "/ws": { target: "ws://127.0.0.1:8000", ws: true },
    },
  },
});
