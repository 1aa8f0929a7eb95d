import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

/** Who may import whom. A layer may always import itself. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  core: [],
  host: ["core"],
  oci: ["core", "host"],
  ostree: ["core", "host", "oci"],
  ignition: ["core"],
  butane: ["core", "ignition"],
  containers: ["core", "oci", "ignition", "butane"],
  base: ["core", "host", "ostree", "ignition"],
  disk: ["core", "host", "ostree", "ignition"],
  packer: ["core", "host"],
  aws: ["core", "host"],
  spec: ["core", "oci", "containers"],
  lock: ["core", "host", "oci", "spec", "base"],
  commands: "core host oci ostree ignition butane containers base disk packer aws spec lock".split(" "),
  cli: ["core", "commands"],
  main: ["cli", "host", "core"],
};

const effects =
  /^(node:)?(child_process|fs|fs\/promises|http|https|net|dgram|tls|timers|timers\/promises|worker_threads)$|^undici$|^zx/u;

const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((file) =>
  file.endsWith(".ts"),
);

interface Import {
  readonly file: string;
  readonly target: string;
}

const imports: readonly Import[] = files.flatMap((file) => {
  const text = readFileSync(join("src", file), "utf8");
  const found = text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"([^"]+)"/gu);
  return Array.from(found, (match) => ({ file, target: match[1] ?? "" }));
});

const layerOf = (file: string): string => {
  const folder = file.split("/")[0] ?? "";
  return folder.replace(/\.ts$/u, "");
};

const violations = (bad: (entry: Import) => boolean): readonly string[] =>
  imports.filter(bad).map(({ file, target }) => `${file} imports ${target}`);

describe("layers", () => {
  it("every file lies one folder below src, or is main", () => {
    expect(files.filter((file) => file.split("/").length !== 2 && file !== "main.ts")).toEqual([]);
    expect(files.filter((file) => !(layerOf(file) in allowed))).toEqual([]);
  });

  it("a layer imports only the layers below it", () => {
    const bad = violations(({ file, target }) => {
      if (!target.startsWith(".")) return false;
      const to = layerOf(join("src", file, "..", target).replace(/^src\//u, ""));
      const from = layerOf(file);
      return from !== to && !(allowed[from] ?? []).includes(to);
    });
    expect(bad).toEqual([]);
  });

  it("only host touches files, processes, the network and timers", () => {
    expect(violations(({ file, target }) => layerOf(file) !== "host" && effects.test(target))).toEqual([]);
    const globals = /\b(?:fetch|setTimeout|setInterval|setImmediate)\(|\bprocess\.(?:env|exit|kill)\b/u;
    const users = files.filter(
      (file) => !["host", "main"].includes(layerOf(file)) && globals.test(code(file)),
    );
    expect(users).toEqual([]);
  });

  it("only aws imports the AWS SDK, only schema files import zod, only cli prints", () => {
    expect(
      violations(({ file, target }) => target.startsWith("@aws-sdk/") && layerOf(file) !== "aws"),
    ).toEqual([]);
    expect(
      violations(({ file, target }) => target === "zod" && !/(?:^|[/-])schema\.ts$/u.test(file)),
    ).toEqual([]);
    const prints = /\bconsole\.|process\.std(?:out|err)/u;
    const printers = files.filter(
      (file) => !["cli", "main"].includes(layerOf(file)) && prints.test(code(file)),
    );
    expect(printers).toEqual([]);
  });

  it("no file is longer than one idea", () => {
    expect(files.filter((file) => readFileSync(join("src", file), "utf8").split("\n").length > 300)).toEqual(
      [],
    );
  });
});

/** A file without its comments and strings. */
function code(file: string): string {
  const text = readFileSync(join("src", file), "utf8");
  return text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*|"(?:[^"\\\n]|\\.)*"/gu, "");
}
