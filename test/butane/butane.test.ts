import { array, assert, constantFrom, integer, property, string, tuple } from "fast-check";
import { describe, expect, it } from "vitest";
import { runButane } from "../../src/butane/butane.ts";
import { renderEntries } from "../../src/butane/report-text.ts";
import { openLocalFiles } from "../../src/host/local-files.ts";
import { goldenFiles, readGolden } from "./golden.ts";

interface Golden {
  readonly source: string;
  readonly output?: string;
  readonly error?: string;
  readonly entries?: readonly string[];
}

// Local names in upstream's messages start with the folder's name.
const files = { ...openLocalFiles(goldenFiles, "."), folder: "files" };
const goldens = readGolden<Golden>("translations.jsonl");

const run = (source: string | Uint8Array) => {
  const bytes = typeof source === "string" ? new TextEncoder().encode(source) : source;
  const { entries, failure, output } = runButane(bytes, files);
  const text = [...renderEntries(entries, "x", bytes, { colour: false, hints: false, raw: true })].join("");
  return {
    output: output?.json(false),
    error: failure,
    entries: text.split("\n").filter((line) => line !== ""),
  };
};

describe("runButane", () => {
  it("gives butane's output, byte for byte, for every golden config", () => {
    const translated = goldens.filter((golden) => golden.output !== undefined);
    expect(translated.length).toBeGreaterThan(100);
    for (const golden of translated) expect(run(golden.source).output).toBe(golden.output);
  });

  it("reports butane's problems at butane's lines and columns for every golden config", () => {
    const inFolder = (text: string): string => text.replaceAll(goldenFiles, "files");
    for (const golden of goldens) {
      const { error, entries } = run(golden.source);
      expect(error === undefined ? undefined : inFolder(error)).toBe(golden.error);
      expect(entries.map(inFolder).toSorted()).toEqual([...(golden.entries ?? [])].toSorted());
    }
  });

  it("answers with words, never with a stack, however a config is broken", () => {
    const sources = goldens.map((golden) => golden.source);
    const edit = tuple(
      integer({ min: 0 }),
      integer({ min: 0, max: 6 }),
      constantFrom(..."\n\t :-[]{}&*!|>'\"#%@`,?~x0".split("")),
    );
    assert(
      property(constantFrom(...sources), array(edit, { minLength: 1, maxLength: 8 }), (source, edits) => {
        let text = source;
        for (const [place, cut, insert] of edits) {
          const at = place % (text.length + 1);
          text = text.slice(0, at) + insert + text.slice(at + cut);
        }
        const { output, error } = run(text);
        expect(output === undefined).toBe(error !== undefined);
        if (output !== undefined) JSON.parse(output);
      }),
      { numRuns: 500 },
    );
    assert(property(string({ unit: "binary" }), (text) => void run(Buffer.from(text, "latin1"))));
  });

  it("refuses other variants and says which one it takes", () => {
    expect(run("variant: flatcar\nversion: 1.0.0\n").error).toBe(
      "variant flatcar is not supported by igneous; write the config with variant fcos",
    );
  });

  it("marks the word that is wrong, which ends where Go sees white space", () => {
    const marked = (key: string): string | undefined => {
      const bytes = new TextEncoder().encode(`variant: fcos\nversion: 1.4.0\n${key}: 1\n`);
      const { entries } = runButane(bytes, files);
      const text = [...renderEntries(entries, "x", bytes, { colour: false, hints: false, raw: false })].join(
        "",
      );
      return / \| (\^+) unused key/u.exec(text)?.[1];
    };
    expect(marked("st\ufeffge")).toBe("^".repeat(8));
    expect(marked("st\u00a0ge")).toBe("^^");
    expect(marked("é")).toBe("^^^");
  });

  it("cuts a long value in its message at bytes, as Go does", () => {
    expect(run("variant: fcos\nversion: 1.4.0\nstorage: fi⵬鹣 abcdef\n").error).toBe(
      "yaml: unmarshal errors:\n  line 3: cannot unmarshal !!str `fi⵬\udce9\udcb9...` into v0_4.Storage",
    );
  });

  it("places problems of an embedded config at the text that holds it", () => {
    const inner = '{"ignition":{"version":"3.3.0"},"storage":{"files":[{"path":"a"}]}}';
    const source = `variant: fcos\nversion: 1.4.0\nignition:\n  config:\n    merge:\n      - inline: '${inner}'\n`;
    expect(run(source).entries).toEqual([
      "error at $.ignition.config.merge.0.inline, line 6 col 17: $.storage.files.0.path: path not absolute",
    ]);
  });
});
