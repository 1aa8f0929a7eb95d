/** What a registry wants to see before it answers. */
export type Challenge =
  | { readonly scheme: "basic" }
  | { readonly scheme: "bearer"; readonly realm: string; readonly service?: string; readonly scope?: string };

/**
 * Reads a `WWW-Authenticate` header. Bearer is chosen over Basic when both are offered; undefined when neither is.
 * https://distribution.github.io/distribution/spec/auth/token/
 */
export function parseChallenge(header: string): Challenge | undefined {
  const bearer = /(?:^|,)\s*bearer\s+(.*)$/isu.exec(header);
  if (bearer !== null) {
    const parameters = new Map<string, string>();
    for (const [, key, quoted, plain] of (bearer[1] ?? "").matchAll(
      /([a-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/giu,
    )) {
      const value = quoted === undefined ? (plain ?? "") : quoted.replaceAll(/\\(.)/gu, "$1");
      parameters.set((key ?? "").toLowerCase(), value);
    }
    const [realm, service, scope] = [
      parameters.get("realm"),
      parameters.get("service"),
      parameters.get("scope"),
    ];
    if (realm !== undefined && URL.canParse(realm)) {
      return {
        scheme: "bearer",
        realm,
        ...(service === undefined ? {} : { service }),
        ...(scope === undefined ? {} : { scope }),
      };
    }
  }
  return /(?:^|,)\s*basic(?:\s|$)/iu.test(header) ? { scheme: "basic" } : undefined;
}
