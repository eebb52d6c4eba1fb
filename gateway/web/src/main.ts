import { mount } from "svelte";
import { keepShellOffline } from "./app/offline_shell.svelte.ts";
import "./style/base.css";
import { language } from "./storage/preferences.ts";
import { catalogues } from "./text/catalogue.svelte.ts";
import App from "./ui/App.svelte";

const target = document.getElementById("app");
if (target === null) throw new Error("index.html has no #app");

// Without its file the page opens in Bangla rather than not at all.
await catalogues.show(language.value).catch(() => catalogues.show("bn"));
target.replaceChildren();
mount(App, { target });
keepShellOffline();
