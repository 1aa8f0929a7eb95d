import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { planUserData } from "../../src/aws/launch-template-user-data.ts";
import { run } from "../../src/host/exec.ts";
import { namespaceArgv } from "../../src/host/namespace.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";

/** The program of the node itself: Debian's package keeps it outside of PATH. */
const ignition = "/usr/lib/dracut/modules.d/30ignition/ignition";

interface Fetched {
  readonly name: string;
  readonly exit: number;
  readonly log: string;
  readonly asked: readonly string[];
}

/** An Ignition config with random text of a size in it. */
function configOf(text: string, version = "3.3.0"): string {
  const contents = { source: `data:,${text}` };
  return JSON.stringify({
    ignition: { version },
    storage: { files: [{ path: "/etc/x", contents }] },
  });
}

const words = (count: number): string =>
  Array.from({ length: count }, (_, index) => createHash("sha256").update(`${index}`).digest("hex")).join("");

describe("launch configuration as user data, as Ignition on a node reads it", () => {
  const forms = {
    plain: configOf("hello"),
    gzip: configOf(`${"a".repeat(40_000)}${words(80)}`),
    // What Butane's fcos 1.0.0 gives: its Ignition version knows no packed config.
    old: configOf(`${"a".repeat(40_000)}${words(80)}`, "3.0.0"),
    s3: configOf(words(1000)),
  };
  const source = (config: string): string => JSON.parse(config).storage.files[0].contents.source;

  it("fetches plain, gzip and S3 forms with a token; user data that is packed as a whole it would not read", async () => {
    for (const tool of ["ignition-validate", "ip", "openssl"]) requireTool(tool);
    const folder = await temporaryFolder();
    const stored = planUserData(forms.s3, "s3://launch/configs");
    const userData = {
      plain: Buffer.from(planUserData(forms.plain).base64, "base64"),
      gzip: Buffer.from(planUserData(forms.gzip).base64, "base64"),
      old: Buffer.from(planUserData(forms.old).base64, "base64"),
      s3: Buffer.from(stored.base64, "base64"),
      packed: gzipSync(forms.plain),
    };
    await writeFile(join(folder, "config.ign"), stored.object?.body ?? "");
    await writeFile(join(folder, "config.path"), `/${stored.object?.bucket}/${stored.object?.key}`);
    for (const [name, bytes] of Object.entries(userData)) await writeFile(join(folder, `${name}.ud`), bytes);
    const child = join(import.meta.dirname, "user-data-child.ts");
    const argv = [process.execPath, "--import", "tsx", child, folder, ignition, ...Object.keys(userData)];
    const { stdout } = await run(testContext(), [...namespaceArgv(), ...argv]);
    const fetched = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Fetched);

    for (const name of ["plain", "gzip", "old", "s3"] as const) {
      const found = fetched.find((each) => each.name === name);
      expect(found?.exit, `${name}: ${found?.log}`).toBe(0);
      const { storage } = JSON.parse(await readFile(join(folder, `${name}.json`), "utf8"));
      expect(storage.files[0].contents.source).toBe(source(forms[name]));
      expect(found?.asked).toContain("GET /2019-10-01/user-data 200");
      expect(found?.asked.join("\n")).not.toContain(" 401");
    }
    expect(fetched.find(({ name }) => name === "packed")?.log).toContain("config is not valid");
  });

  it("has a second that fits only with gzip, and a third that does not fit even so", () => {
    expect(forms.gzip.length).toBeGreaterThan(16_384);
    expect(() => planUserData(forms.s3)).toThrow("EC2 takes 16384");
  });
});
