/** A URL as Go's `net/url` reads it, as far as the rules need it. */
export interface GoUrl {
  readonly scheme: string;
  /** What follows the scheme when it does not start with a slash. */
  readonly opaque: string;
  readonly query: string;
}

/** Reads a URL; undefined where Go reports an error. */
export function parseGoUrl(raw: string): GoUrl | undefined {
  const [text, fragment] = cut(raw, "#");
  if (hasControl(text) || !isEscapedWell(fragment)) return undefined;
  if (text === "*") return { scheme: "", opaque: "", query: "" };
  if (text.startsWith(":")) return undefined;
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/u.exec(text)?.[1] ?? "";
  const rest = scheme === "" ? text : text.slice(scheme.length + 1);
  const [path, query] = cut(rest, "?");
  const url = { scheme: scheme.toLowerCase(), opaque: "", query };
  if (!path.startsWith("/")) {
    if (scheme !== "") return { ...url, opaque: path };
    return cut(path, "/")[0].includes(":") ? undefined : checked(path, url);
  }
  if (!path.startsWith("//") || (scheme === "" && path.startsWith("///"))) return checked(path, url);
  const slash = path.indexOf("/", 2);
  const authority = slash < 0 ? path.slice(2) : path.slice(2, slash);
  if (!isAuthority(authority)) return undefined;
  return checked(slash < 0 ? "" : path.slice(slash), url);
}

function cut(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}

function checked(path: string, url: GoUrl): GoUrl | undefined {
  return isEscapedWell(path) ? url : undefined;
}

function hasControl(text: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return /[\u0000-\u001f\u007f]/u.test(text);
}

function isEscapedWell(text: string): boolean {
  return !/%(?![0-9A-Fa-f]{2})/u.test(text);
}

function isAuthority(authority: string): boolean {
  const at = authority.lastIndexOf("@");
  if (at >= 0) {
    const user = authority.slice(0, at);
    if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/u.test(user) || !isEscapedWell(user)) return false;
  }
  return isHost(authority.slice(at + 1));
}

function isHost(host: string): boolean {
  const bracket = host.lastIndexOf("[");
  if (bracket > 0) return false;
  if (bracket === 0) return isBracketed(host);
  const colon = host.lastIndexOf(":");
  if (colon >= 0 && !/^:\d*$/u.test(host.slice(colon))) return false;
  return isHostText(host);
}

/** `[address]` or `[address%25zone]`, and perhaps a port. */
function isBracketed(host: string): boolean {
  const close = host.lastIndexOf("]");
  if (close < 0 || !/^(?::\d*)?$/u.test(host.slice(close + 1))) return false;
  const [address, zone] = cut(host.slice(1, close), "%25");
  const hasZone = host.slice(1, close).includes("%25");
  if (hasZone && (zone === "" || !isHostText(zone, true))) return false;
  return isHostText(address) && isIpv6(address);
}

function isIpv6(address: string): boolean {
  const dotted = /^(.*:)((?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3})$/u.exec(address);
  const text = dotted === null ? address : `${dotted[1]}0:0`;
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  if (!groups.every((group) => /^[0-9A-Fa-f]{1,4}$/u.test(group))) return false;
  return halves.length === 2 ? groups.length < 8 : groups.length === 8;
}

// Besides `%25`, only bytes outside ASCII may be escaped in a host.
function isHostText(text: string, zone = false): boolean {
  if (!isEscapedWell(text)) return false;
  if (!zone && /%(?!25)[0-7]/u.test(text)) return false;
  return /^(?:[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"%]|[\u0080-\u{10ffff}])*$/u.test(text);
}

/** The first value of a query parameter, or undefined when it is not there; parts that are escaped badly are passed over. */
export function findQueryValue(query: string, name: string): string | undefined {
  for (const pair of query.split("&")) {
    if (pair === "" || pair.includes(";")) continue;
    const [key, value] = cut(pair, "=");
    if (!isEscapedWell(key) || !isEscapedWell(value)) continue;
    if (unescapeQuery(key) === name) return unescapeQuery(value);
  }
  return undefined;
}

function unescapeQuery(text: string): string {
  const plain = text.replaceAll("+", " ");
  return Buffer.from(
    plain.replaceAll(/%([0-9A-Fa-f]{2})/gu, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    ),
    "latin1",
  ).toString("utf8");
}
