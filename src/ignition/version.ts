/** Reads a version as go-semver does and writes it back in its plain form; undefined when it is none. */
export function findVersion(version: string): string | undefined {
  const plus = version.indexOf("+");
  const metadata = plus < 0 ? "" : version.slice(plus + 1);
  const rest = plus < 0 ? version : version.slice(0, plus);
  const dash = rest.indexOf("-");
  const preRelease = dash < 0 ? "" : rest.slice(dash + 1);
  const numbers = dash < 0 ? rest : rest.slice(0, dash);
  const identifier = /^(?:[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/u;
  if (!identifier.test(preRelease) || !identifier.test(metadata)) return undefined;
  const parts = numbers.split(".");
  if (parts.length !== 3 || !parts.every((part) => /^[+]?\d+$/u.test(part))) return undefined;
  const values = parts.map((part) => BigInt(part.replace("+", "")));
  if (values.some((value) => value >= 1n << 63n)) return undefined;
  const tail = `${preRelease === "" ? "" : `-${preRelease}`}${metadata === "" ? "" : `+${metadata}`}`;
  return `${values.join(".")}${tail}`;
}
