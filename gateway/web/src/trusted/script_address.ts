/** Addresses of scripts, which the content security policy takes from here alone (Trusted Types). */

interface Policy {
  createScriptURL(path: string): string;
}

interface TrustedTypes {
  createPolicy(name: string, rules: Policy): Policy;
}

/** Made once: the browser lets no second one have the name. */
let policy: Policy | null = null;

/**
 * Of one of the page's own scripts, such as `/sw.js`.
 *
 * @throws TypeError it is none
 */
export function scriptAddress(path: string): string {
  const types = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes;
  if (types === undefined) return own(path);
  policy ??= types.createPolicy("adda", { createScriptURL: own });
  return policy.createScriptURL(path);
}

function own(path: string): string {
  if (!/^\/(?![/\\])/.test(path)) throw new TypeError(`not ours: ${path}`);
  return path;
}
