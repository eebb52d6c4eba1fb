/** How long to wait before the next attempt. Pure. */

const BASE_SECONDS = 0.5;
const CAP_SECONDS = 20;
const MOST_DOUBLINGS = 16;

/**
 * Seconds before attempt number `attempt`, counted from 0: between `atLeast` and `atLeast` plus a
 * bound that doubles with each attempt, so that those who were cut off together come back apart
 * ("full jitter", M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
 *
 * @param chance from [0, 1)
 */
export function backoffSeconds(attempt: number, chance: number, atLeast = 0): number {
  const bound = Math.min(CAP_SECONDS, BASE_SECONDS * 2 ** Math.min(attempt, MOST_DOUBLINGS));
  return atLeast + chance * bound;
}
