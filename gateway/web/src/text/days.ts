/** Calendar days of the reader's time zone. Pure. */

const MINUTE = 60_000;
const DAY = 86_400_000;

/** Which day it is where the reader is; consecutive days have consecutive numbers. */
export function dayNumber(time: number): number {
  return Math.floor((time - new Date(time).getTimezoneOffset() * MINUTE) / DAY);
}
