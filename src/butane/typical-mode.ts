/** True of a mode that hardly anybody means, whose digits read as octal would be one that many mean. */
export function looksDecimal(mode: bigint, directory: boolean): boolean {
  if (mode < 0n || mode > 7777n || /[89]/u.test(String(mode))) return false;
  return !isTypical(Number(mode), directory) && isTypical(Number.parseInt(String(mode), 8), directory);
}

function isTypical(mode: number, directory: boolean): boolean {
  if (mode === 0) return true;
  let read = false;
  let write = false;
  let execute = false;
  for (const bits of [mode & 7, (mode >> 3) & 7, (mode >> 6) & 7]) {
    const [r, w, x] = [(bits & 4) !== 0, (bits & 2) !== 0, (bits & 1) !== 0];
    // Group has what others have, the owner what the group has.
    if ((!r && read) || (!w && write) || (!x && execute)) return false;
    if (x && read && !execute) return false;
    if ((w || x) && !r) return false;
    read ||= r;
    write ||= w;
    execute ||= x;
  }
  if (!read) return false;
  if (directory) return execute && (mode & 0o4000) === 0 && ((mode & 0o3000) === 0 || write);
  if ((mode & 0o6000) !== 0 && (!execute || (mode & 2) !== 0)) return false;
  return (mode & 0o1000) === 0;
}
