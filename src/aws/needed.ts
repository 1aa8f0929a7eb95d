/** A member that AWS always sends and its model leaves open. */
export function needed(value: string | undefined): string {
  if (value === undefined) throw new Error("AWS left out a member that it always sends");
  return value;
}
