/** One line of where apt gets packages: an archive, a suite and its components. */
export interface AptSource {
  readonly uri: string;
  readonly suite: string;
  readonly components: readonly string[];
}

/** Reads `sources.list` files in the one-line format; what is not a plain `deb` line is left out. sources.list(5) */
export function parseOneLineSources(text: string): readonly AptSource[] {
  return text.split("\n").flatMap((line) => {
    const match =
      /^\s*deb\s+(?:\[[^\]]*\]\s+)?(?<uri>\S+)\s+(?<suite>\S+)(?<components>(?:\s+[^\s#]+)*)/u.exec(line);
    const { uri, suite, components } = match?.groups ?? {};
    if (uri === undefined || suite === undefined) return [];
    return [{ uri, suite, components: words(components) }];
  });
}

/** Reads `*.sources` files in the deb822 format; disabled and `deb-src` stanzas are left out. sources.list(5) */
export function parseDeb822Sources(text: string): readonly AptSource[] {
  const bare = text.replaceAll(/^#.*\n?/gmu, "");
  return bare.split(/\n\s*\n/u).flatMap((stanza) => {
    const field = (name: string): string | undefined => findField(stanza, name);
    if (!words(field("Types")).includes("deb") || field("Enabled") === "no") return [];
    const components = words(field("Components"));
    return words(field("URIs")).flatMap((uri) =>
      words(field("Suites")).map((suite) => ({ uri, suite, components })),
    );
  });
}

/** A field of a Debian control stanza, its folded lines joined by newlines; names are case-insensitive. */
export function findField(stanza: string, name: string): string | undefined {
  const pattern = new RegExp(`^${name}:[ \\t]*(?<value>.*(?:\\n[ \\t].*)*)`, "imu");
  return pattern.exec(stanza)?.groups?.["value"]?.trim();
}

function words(text: string | undefined): readonly string[] {
  return (text ?? "").split(/\s+/u).filter((word) => word !== "");
}
