/** The name under which somebody is seen in a room. Pure. */

/**
 * Is `worn` the name `asked` with a number behind it? Nobody in a room wears a name that looks like
 * another's: who comes second has a number there, and there alone.
 */
export function isNumbered(worn: string, asked: string): boolean {
  return worn.startsWith(`${asked} `) && /^[\u09e6-\u09ef]+$/.test(worn.slice(asked.length + 1));
}
