/** Properties try the same examples each time: what was green stays green. `ADDA_SEED` tries others. */
import fc from "fast-check";

fc.configureGlobal({ seed: Number(process.env["ADDA_SEED"] ?? 0) });
