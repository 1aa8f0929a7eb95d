/** Ctrl-], as in telnet and virsh: the one key that does not go to the machine. */
export const escapeKey = 0x1d;

/** Hands on what is typed, and calls `onEscape` for each escape key among it, in order. */
export function splitKeys(
  onKeys: (bytes: Uint8Array) => void,
  onEscape: () => void,
): (bytes: Uint8Array) => void {
  return (bytes) => {
    let rest = bytes;
    for (let at = rest.indexOf(escapeKey); at >= 0; at = rest.indexOf(escapeKey)) {
      if (at > 0) onKeys(rest.subarray(0, at));
      onEscape();
      rest = rest.subarray(at + 1);
    }
    if (rest.length > 0) onKeys(rest);
  };
}
