import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { renderEnvironmentBlock } from "../../src/disk/boot-files.ts";
import { HostStatus } from "../../src/disk/schema.ts";
import { type RunResult, run } from "../../src/host/exec.ts";
import { prettyJson } from "../../src/core/json.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";

/** The real `ostree admin status` needs a machine that was booted from OSTree; this one answers from files, as 2025.2 does. */
const fakeOstree = `#!/bin/sh
cd "$IGNEOUS_ROOT" || exit 1
echo "$*" >> calls
case "$1 $2" in
"admin status") cat status ;;
"admin set-default")
    awk -v n="$3" 'NR == n + 1' order > new; awk -v n="$3" 'NR != n + 1' order >> new; mv new order; ./show ;;
"admin deploy")
    for last; do :; done
    case "$*" in
    *--not-as-default*) ( grep -v "^. $last" order; echo "- $last.1" ) > new ;;
    *) ( echo "- $last.0"; cat order ) > new ;;
    esac
    mv new order; mkdir -p "ostree/deploy/igneous/deploy/$last.1/etc" "ostree/deploy/igneous/deploy/$last.0/etc"
    cp etc/machine-id "ostree/deploy/igneous/deploy/$last.1/etc/"; ./show ;;
"rev-parse "*) case "$3" in *[!0-9a-f]*) exit 1 ;; *) echo "$3" ;; esac ;;
esac
`;
const show = `#!/bin/sh
sed 's/^- /  igneous /; s/^\\* /* igneous /' order | sed 'a\\    origin refspec: x' > status
`;

const a = "aa".repeat(32);
const b = "bb".repeat(32);
let root = "";

beforeEach(async () => {
  root = await temporaryFolder();
  await place("bin/ostree", fakeOstree, 0o755);
  await place("show", show, 0o755);
  await place("etc/machine-id", "0123\n");
  await place("boot/grub/grubenv", renderEnvironmentBlock({ tries: "", fell_back: "" }));
});

async function place(path: string, contents: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), contents);
  await chmod(join(root, path), mode);
}

interface Given {
  readonly commit: string;
  readonly booted?: boolean;
  readonly identity?: boolean;
}

async function machine(...deployments: readonly Given[]): Promise<void> {
  for (const { commit, identity = true } of deployments) {
    const folder = `ostree/deploy/igneous/deploy/${commit}.0`;
    const containers = [{ name: "etcd", reference: "x", manifestDigest: `sha256:${commit}` }];
    await place(
      `${folder}/usr/lib/igneous/manifest.json`,
      prettyJson({ name: "n", build: commit, containers }),
    );
    if (identity) await place(`${folder}/etc/machine-id`, "0123\n");
  }
  await place(
    "order",
    deployments.map(({ commit, booted }) => `${booted === true ? "*" : "-"} ${commit}.0\n`).join(""),
  );
  await program("show");
}

const program = (path: string, ...args: readonly string[]): Promise<RunResult> =>
  run(testContext(), [path === "show" ? join(root, "show") : resolve(path), ...args], {
    cwd: root,
    env: {
      IGNEOUS_ROOT: root,
      IGNEOUS_PULL: join(root, "pull"),
      IGNEOUS_LIBEXEC: resolve("node/libexec"),
      PATH: `${root}/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    },
    okExits: [0, 1, 2],
  });

const host = (...args: readonly string[]): Promise<RunResult> => program("node/bin/igneous-host", ...args);
const bootComplete = (): Promise<RunResult> => program("node/libexec/igneous-boot-complete");
const calls = async (): Promise<string> => readFile(join(root, "calls"), "utf8");
const environment = async (): Promise<string> =>
  (await run(testContext(), [requireTool("grub-editenv"), join(root, "boot/grub/grubenv"), "list"])).stdout;

describe("igneous-host", () => {
  it("passes shellcheck", async () => {
    await run(testContext(), [requireTool("shellcheck"), "node/bin/igneous-host"]);
  });

  it("tells what is booted, what is next, what can be gone back to, and the digests inside", async () => {
    await machine({ commit: b, booted: true }, { commit: a });
    const { stdout } = await host("status");
    expect(stdout).toMatch(new RegExp(`^booted +${b}.*\\n +etcd +sha256:${b}\\n`, "u"));
    expect(stdout).toContain("next       the same");
    expect(stdout).toMatch(new RegExp(`^rollback +${a}.*\\n +etcd +sha256:${a}$`, "mu"));
    const status = HostStatus.parse(JSON.parse((await host("status", "--json")).stdout));
    expect(status).toMatchObject({ firstBootComplete: true, rollbackPossible: true, booted: { commit: b } });
    expect(status.rollback?.manifest?.containers[0]?.manifestDigest).toBe(`sha256:${a}`);
    const brief = HostStatus.parse(JSON.parse((await host("status", "--json", "--brief")).stdout));
    expect(brief).toMatchObject({ booted: { commit: b, manifest: null }, rollback: { commit: a } });
  });

  it("tells the node's health, and when a certificate ends", async () => {
    await machine({ commit: b, booted: true });
    expect((await host("status")).stdout).toContain("health     not known yet");
    await place("run/igneous/health", 'starting\netcd.service is "still" starting\nthe node is not Ready\n');
    await place("var/lib/igneous/pki/authority/keep", "");
    const certificate = join(root, "var/lib/igneous/pki/authority/ca.crt");
    const words = "req -x509 -newkey ed25519 -noenc -days 9 -subj /CN=t -keyout /dev/null -out".split(" ");
    await run(testContext(), [requireTool("openssl"), ...words, certificate]);
    const { stdout } = await host("status");
    expect(stdout).toContain('health     starting\n           etcd.service is "still" starting\n');
    expect(stdout).toMatch(/certificates valid until \d{4}-\d\d-\d\d at least \(authority\/ca\.crt\)/u);
    const status = HostStatus.parse(JSON.parse((await host("status", "--json")).stdout));
    expect(status).toMatchObject({
      health: "starting",
      problems: ['etcd.service is "still" starting', "the node is not Ready"],
      certificateEnds: expect.stringMatching(/^\d{4}-\d\d-\d\d authority\/ca\.crt$/u),
    });
  });

  it("takes the number of tries from the spec", async () => {
    await machine({ commit: b, booted: true }, { commit: a });
    await place("usr/lib/igneous/health.conf", "IGNEOUS_TRIES=1\nIGNEOUS_HEALTH_SECONDS=60\n");
    await host("rollback");
    expect(await environment()).toBe("tries=1\nfell_back=\n");
  });

  it("makes the previous deployment the next one, once, and lets GRUB count its boots", async () => {
    await machine({ commit: b, booted: true }, { commit: a });
    expect((await host("rollback")).stdout).toBe(`the next boot is ${a}\n`);
    expect(await environment()).toBe("tries=3\nfell_back=\n");
    expect((await host("rollback")).stdout).toBe(`the next boot is ${a} already\n`);
    expect((await calls()).match(/set-default/gu)).toHaveLength(1);
  });

  it("refuses to go back when there is nothing, when first boot is not over, and when the other deployment has no identity", async () => {
    await machine({ commit: b, booted: true });
    expect(await host("rollback")).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining("nothing to go back to"),
    });
    await machine({ commit: b, booted: true }, { commit: a, identity: false });
    expect((await host("rollback")).stderr).toContain("no identity of this machine yet");
    for (const marker of ["boot/ignition.firstboot", "boot/igneous.firstboot"]) {
      await place(marker, "");
      expect((await host("rollback")).stderr).toContain("first boot is not complete");
      expect((await host("deploy", a)).stderr).toContain("first boot is not complete");
      await rm(join(root, marker));
    }
    expect(await calls()).not.toContain("set-default");
  });

  it("a newer deployment that waits for its first boot is not taken for the previous one", async () => {
    await machine({ commit: b }, { commit: a, booted: true });
    expect((await host("rollback")).stderr).toContain("nothing to go back to");
  });

  it("deploys a commit, and refuses what is none", async () => {
    await machine({ commit: b, booted: true });
    expect((await host("deploy", a)).stdout).toBe(`the next boot is ${a}\n`);
    expect(await environment()).toBe("tries=3\nfell_back=\n");
    expect(await host("deploy", "no-such-ref")).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining("no-such-ref"),
    });
  });

  it("pulls a commit first when it is told from where, and deploys nothing when that fails", async () => {
    await machine({ commit: b, booted: true });
    await place(
      "pull",
      `#!/bin/sh\necho pull "$@" >>"$IGNEOUS_ROOT/calls"\n[ "$1" != https://down ]\n`,
      0o755,
    );
    expect((await host("deploy", "--from", "https://down", a)).exit).toBe(1);
    expect(await calls()).not.toContain("admin deploy");
    expect((await host("deploy", "--from", "https://repo", a)).stdout).toBe(`the next boot is ${a}\n`);
    expect(await calls()).toMatch(
      new RegExp(`pull https://repo ${a}\n[\\s\\S]*admin deploy --os=igneous ${a}`, "u"),
    );
  });

  it("counts as many boots as the node's configuration says", async () => {
    await machine({ commit: b, booted: true });
    await place("etc/igneous/node.conf", "IGNEOUS_TRIES=1\n");
    await host("deploy", a);
    expect(await environment()).toBe("tries=1\nfell_back=\n");
  });

  it("does not go back to a deployment that failed here, until somebody deploys it again", async () => {
    await machine({ commit: b, booted: true }, { commit: a });
    await place("var/lib/igneous/host/failed", `${a} 2026-01-01T00:00:00Z did not become healthy\n`);
    expect((await host("rollback")).stderr).toContain("did not become healthy here");
    await host("deploy", a);
    expect(await environment()).toBe("tries=3\nfell_back=\n");
    expect((await host("status", "--json")).stdout).toContain('"fellBack":""');
  });

  it("does not count boots when the only way back failed before", async () => {
    await machine({ commit: b, booted: true });
    await place("var/lib/igneous/host/failed", `${b} 2026-01-01T00:00:00Z did not become healthy\n`);
    await host("deploy", a);
    expect(await environment()).toBe("tries=\nfell_back=\n");
  });

  it("wrong usage exits 2 and changes nothing", async () => {
    await machine({ commit: b, booted: true }, { commit: a });
    for (const args of [
      [],
      ["rolback"],
      ["deploy"],
      ["status", "--reboot"],
      ["status", "--brief"],
      ["rollback", a],
      ["deploy", a, b],
      ["deploy", "--from", "https://repo"],
      ["rollback", "--from", "https://repo"],
    ])
      expect((await host(...args)).exit, args.join(" ")).toBe(2);
  });
});

describe("igneous-boot-complete", () => {
  it.each(["ignition.firstboot", "igneous.firstboot"])(
    "ends the first boot (%s) and gives the rollback deployment this machine's identity, once",
    async (marker) => {
      await machine({ commit: b, booted: true }, { commit: a, identity: false });
      await place(`boot/${marker}`, "");
      await bootComplete();
      expect(await calls()).toContain(`admin deploy --os=igneous --not-as-default ${a}`);
      expect((await host("status", "--json")).stdout).toContain(
        '"firstBootComplete":true,"rollbackPossible":true',
      );
      await bootComplete();
      expect((await calls()).match(/--not-as-default/gu)).toHaveLength(1);
    },
  );

  it("a good boot stops GRUB's counting", async () => {
    await machine({ commit: a, booted: true }, { commit: b });
    await place("boot/grub/grubenv", renderEnvironmentBlock({ tries: "2", fell_back: "" }));
    await bootComplete();
    expect(await environment()).toBe("tries=\nfell_back=\n");
  });

  it("after a fallback the booted deployment becomes the default and the failed one is remembered", async () => {
    await machine({ commit: a }, { commit: b, booted: true });
    await place("boot/grub/grubenv", renderEnvironmentBlock({ tries: "0", fell_back: "1" }));
    await place("var/lib/igneous/host/trial-problems", "etcd.service is activating\nthe node is not Ready\n");
    await bootComplete();
    expect(await calls()).toContain("admin set-default 1");
    expect(await environment()).toBe("tries=\nfell_back=\n");
    expect((await host("status")).stdout).toMatch(
      new RegExp(
        `fell back from ${a} \\S+ did not become healthy: etcd.service is activating; the node is not Ready`,
        "u",
      ),
    );
  });
});
