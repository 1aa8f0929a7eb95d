import { execFileSync } from "node:child_process";
import {
  assert,
  boolean,
  constantFrom,
  dictionary,
  integer,
  option,
  property,
  record,
  string,
  stringMatching,
  uniqueArray,
} from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { runButane } from "../../src/butane/butane.ts";
import { ignitionTypes } from "../../src/ignition/ignition-types.ts";
import { configProblems, readConfig } from "../../src/ignition/validate.ts";
import { writeJson } from "../../src/ignition/write-json.ts";
import { requireTool } from "../tools.ts";

const name = stringMatching(/^[a-z][a-z0-9]{0,8}$/u);
const path = name.map((text) => `/etc/${text}`);
const owner = option(record({ id: integer({ min: 0, max: 60_000 }) }), { nil: undefined });
const mode = option(integer({ min: 0, max: 0o777 }), { nil: undefined });
// What a plain scalar of YAML 1.1 means is another test's matter: here every text is in quotes.
const text = string({ unit: "grapheme", maxLength: 200 });

/** Items of a list whose keys must differ. */
const listOf = <T extends Record<string, unknown>>(item: Parameters<typeof record<T>>[0], key: string) =>
  uniqueArray(record(item), { maxLength: 4, selector: (one) => (one as Record<string, unknown>)[key] });

const config = record(
  {
    storage: record({
      files: listOf(
        {
          path: path.map((one) => `${one}.file`),
          mode,
          user: owner,
          overwrite: constantFrom(undefined, false),
          contents: record({ inline: text }),
          append: constantFrom(undefined, [{ inline: "more" }, { source: "https://example.com/x" }]),
        },
        "path",
      ),
      directories: listOf({ path: path.map((one) => `${one}.d`), mode, group: owner }, "path"),
      links: listOf({ path: path.map((one) => `${one}.link`), target: name, hard: boolean() }, "path"),
      filesystems: listOf(
        {
          device: name.map((one) => `/dev/${one}`),
          path: name.map((one) => `/var/${one}`),
          format: constantFrom("ext4", "xfs", "btrfs"),
          with_mount_unit: boolean(),
        },
        "path",
      ).filter((list) => new Set(list.map(({ device }) => device)).size === list.length),
    }),
    passwd: record({
      users: listOf(
        {
          name,
          uid: integer({ min: 1, max: 60_000 }),
          ssh_authorized_keys: constantFrom(undefined, ["ssh-ed25519 A"]),
        },
        "name",
      ),
      groups: listOf({ name, gid: integer({ min: 1, max: 60_000 }) }, "name"),
    }),
    systemd: record({
      units: listOf(
        {
          name: name.map((one) => `${one}.service`),
          enabled: boolean(),
          contents: dictionary(stringMatching(/^[A-Z][a-z]{1,8}$/u), name).map(
            (pairs) =>
              `[Service]\n${Object.entries(pairs)
                .map((pair) => pair.join("="))
                .join("\n")}\n[Install]\nWantedBy=a.target\n`,
          ),
        },
        "name",
      ),
    }),
  },
  { requiredKeys: [] },
);

const write = (source: object, minor: number): Uint8Array =>
  new TextEncoder().encode(
    stringify({ variant: "fcos", version: `1.${minor}.0`, ...source }, { defaultStringType: "QUOTE_DOUBLE" }),
  );

describe("any valid config", () => {
  it("translates to JSON that is valid and reads back as it was written, and compact and pretty say the same", () => {
    assert(
      property(config, integer({ min: 1, max: 7 }), (source, minor) => {
        const { output, failure, entries } = runButane(write(source, minor), undefined);
        expect([failure, entries.filter(({ severity }) => severity === "error")]).toEqual([undefined, []]);
        const json = output?.json(false) ?? "";
        expect(JSON.parse(output?.json(true) ?? "")).toEqual(JSON.parse(json));
        const types = ignitionTypes(Number(/"version":"3\.(\d)/u.exec(json)?.[1]));
        const read = readConfig(json, types);
        if ("problem" in read) throw new Error(read.problem.message);
        expect(configProblems(read.config, read.root, types).problems).toEqual([]);
        expect(writeJson("Config", read.config, types, false)).toBe(json);
      }),
      { numRuns: 150 },
    );
  });

  it("is a config to ignition-validate, also when it is written for an older Ignition", () => {
    const validate = requireTool("ignition-validate");
    assert(
      property(config, integer({ min: 1, max: 7 }), (source, minor) => {
        const { output } = runButane(write(source, minor), undefined, 3);
        execFileSync(validate, ["-"], { input: output?.json(false) ?? "", stdio: "pipe" });
      }),
      { numRuns: 25 },
    );
  });
});
