import { describe, expect, it } from "vitest";
import { runButane } from "../../src/butane/butane.ts";
import { renderEntries } from "../../src/butane/report-text.ts";
import { printableText } from "../../src/core/byte-text.ts";
import { openLocalFiles } from "../../src/host/local-files.ts";
import { goldenFiles, readGolden } from "./golden.ts";

/** What butane makes of a small config of ours, with what the config shows. */
interface Fact {
  readonly fact: string;
  readonly source?: string;
  /** Base64 of a source that is not UTF-8. */
  readonly bytes?: string;
  readonly output?: string;
  readonly error?: string;
  readonly entries?: readonly string[];
}

const files = { ...openLocalFiles(goldenFiles, "."), folder: "files" };
const goldens = readGolden<Fact>("facts.jsonl");
const facts = new Map(goldens.map(({ fact }) => [fact, goldens.filter((golden) => golden.fact === fact)]));

const inFolder = (text: string): string => printableText(text).replaceAll(goldenFiles, "files");

function run({ source, bytes }: Fact) {
  const config = bytes === undefined ? new TextEncoder().encode(source) : Buffer.from(bytes, "base64");
  const { entries, failure, output } = runButane(config, files);
  const raw = [...renderEntries(entries, "x", config, { colour: false, hints: false, raw: true })].join("");
  return {
    output: output === undefined ? undefined : printableText(output.json(false)),
    error: failure === undefined ? undefined : inFolder(failure),
    entries: inFolder(raw)
      .split("\n")
      .filter((line) => line !== "")
      .toSorted(),
  };
}

describe("what butane does that its docs do not say", () => {
  it.each([...facts])("%s", (_, cases) => {
    for (const one of cases) {
      const { output, error, entries = [] } = one;
      expect([one, run(one)]).toEqual([one, { output, error, entries: entries.toSorted() }]);
    }
  });
});
