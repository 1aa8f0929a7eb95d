import { describe, expect, it } from "vitest";
import { parseDeb822Sources, parseOneLineSources } from "../../src/base/apt-sources.ts";

describe("parseOneLineSources", () => {
  it("reads deb lines with and without options, and nothing else", () => {
    const text = `# a comment
deb http://mirror.invalid/debian trixie main contrib # why
  deb [arch=amd64 signed-by=/x.gpg] https://other.invalid/debian/ trixie-updates main
deb-src http://mirror.invalid/debian trixie main
#deb http://mirror.invalid/off trixie main
deb http://flat.invalid/ ./
`;
    expect(parseOneLineSources(text)).toEqual([
      { uri: "http://mirror.invalid/debian", suite: "trixie", components: ["main", "contrib"] },
      { uri: "https://other.invalid/debian/", suite: "trixie-updates", components: ["main"] },
      { uri: "http://flat.invalid/", suite: "./", components: [] },
    ]);
  });
});

describe("parseDeb822Sources", () => {
  it("reads every pair of URI and suite of enabled deb stanzas", () => {
    const text = `Types: deb deb-src
# http://snapshot.invalid/
URIs: http://a.invalid/debian
 http://b.invalid/debian
suites: bookworm
 bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
Enabled: no
URIs: http://off.invalid
Suites: bookworm
Components: main

Types: deb-src
URIs: http://source.invalid
Suites: bookworm
Components: main
`;
    expect(parseDeb822Sources(text).map(({ uri, suite }) => `${uri} ${suite}`)).toEqual([
      "http://a.invalid/debian bookworm",
      "http://a.invalid/debian bookworm-updates",
      "http://b.invalid/debian bookworm",
      "http://b.invalid/debian bookworm-updates",
    ]);
  });
});
