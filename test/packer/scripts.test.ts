import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { type RunResult, run } from "../../src/host/exec.ts";
import { sha256File } from "../../src/host/files.ts";
import { parseBootEntries, renderGrubConfig } from "../../src/disk/boot-files.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";

const context = testContext();
const anyExit = [0, 1, 2];

async function put(root: string, path: string, text = "x"): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

async function exists(root: string, path: string): Promise<boolean> {
  return stat(join(root, path)).then(
    () => true,
    () => false,
  );
}

const entries = `PROMPT 0
TIMEOUT 1
LABEL new
	KERNEL /boot/ostree/igneous-new/vmlinuz
	INITRD /boot/ostree/igneous-new/initramfs.img
	APPEND root=LABEL=root rw ostree=/ostree/boot.1/igneous/new/0
LABEL old
	KERNEL /boot/ostree/igneous-old/vmlinuz
	INITRD /boot/ostree/igneous-old/initramfs.img
	APPEND root=LABEL=root rw ostree=/ostree/boot.1/igneous/old/0
`;

/** A sysroot with a machine's traces all over it. */
async function usedSysroot(): Promise<string> {
  const root = await temporaryFolder();
  const template = await readFile("node/grub/grub.cfg", "utf8");
  const [, old] = parseBootEntries(entries);
  if (old === undefined) throw new Error("two entries");
  await put(root, "boot/grub/grub.cfg", renderGrubConfig(template, old));
  await put(root, "boot/grub/grubenv", `# GRUB Environment Block\ntries=2\nfell_back=1\n`.padEnd(1024, "#"));
  await put(root, "boot/loader/syslinux.cfg", entries);
  for (const deployment of ["new.0", "old.0"]) {
    const etc = `ostree/deploy/igneous/deploy/${deployment}/etc`;
    await put(root, `${etc}/machine-id`);
    await put(root, `${etc}/ssh/ssh_host_ed25519_key`, "-----BEGIN OPENSSH PRIVATE KEY-----");
    await put(root, `${etc}/.ignition-result.json`);
    await put(root, `${etc}/os-release`, "kept");
  }
  const state = "ostree/deploy/igneous/var";
  for (const path of [
    "home/core/.ssh/authorized_keys",
    "roothome/.ssh/authorized_keys.d/ignition",
    "lib/systemd/random-seed",
    "log/journal/abc/system.journal",
    "log/btmp",
    "lib/cloud/instance/user-data.txt",
    "tmp/script.sh",
  ])
    await put(root, `${state}/${path}`);
  await put(root, `${state}/lib/mine/state`, "kept");
  return root;
}

function seal(root: string): Promise<RunResult> {
  return run(context, ["packer/scripts/seal"], { env: { IGNEOUS_ROOT: root }, okExits: anyExit });
}

describe("seal", () => {
  it("takes out identity, keys and logs of every deployment, and leaves the rest", async () => {
    const root = await usedSysroot();
    const { exit, stderr } = await seal(root);
    expect(`${exit} ${stderr}`).toBe("0 ");
    const state = "ostree/deploy/igneous/var";
    const gone = [
      "home/core",
      "roothome/.ssh",
      "lib/systemd/random-seed",
      "log/journal",
      "log/btmp",
      "lib/cloud",
    ];
    for (const path of gone) expect([path, await exists(root, `${state}/${path}`)]).toEqual([path, false]);
    for (const deployment of ["new.0", "old.0"]) {
      const etc = `ostree/deploy/igneous/deploy/${deployment}/etc`;
      for (const path of ["machine-id", "ssh/ssh_host_ed25519_key", ".ignition-result.json"])
        expect([path, await exists(root, `${etc}/${path}`)]).toEqual([path, false]);
      expect(await readFile(join(root, etc, "os-release"), "utf8")).toBe("kept");
    }
    expect(await readFile(join(root, state, "lib/mine/state"), "utf8")).toBe("kept");
  });

  it("arms the first boot of the deployment that is first now, as the disk builder writes it", async () => {
    const root = await usedSysroot();
    await seal(root);
    expect(await exists(root, "boot/ignition.firstboot")).toBe(true);
    const [first] = parseBootEntries(entries);
    if (first === undefined) throw new Error("two entries");
    const template = await readFile("node/grub/grub.cfg", "utf8");
    const written = await readFile(join(root, "boot/grub/grub.cfg"), "utf8");
    expect(written).toBe(renderGrubConfig(template, first));
    await run(context, [requireTool("grub-script-check"), join(root, "boot/grub/grub.cfg")]);
    const environment = await readFile(join(root, "boot/grub/grubenv"), "utf8");
    expect([environment.length, environment.slice(0, 44)]).toEqual([
      1024,
      "# GRUB Environment Block\ntries=\nfell_back=\n#",
    ]);
  });

  it("fails and names what is left when something must not be in an image", async () => {
    const root = await usedSysroot();
    const key = "ostree/deploy/igneous/deploy/new.0/etc/igneous/join.pem";
    await put(root, key, "-----BEGIN PRIVATE KEY-----");
    const { exit, stderr } = await seal(root);
    expect(exit).toBe(1);
    expect(stderr).toContain(key);
  });
});

describe("apply", () => {
  async function payload(): Promise<string> {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "payload.tar.gz"), "payload");
    return folder;
  }
  const apply = (folder: string, sha256: string): Promise<RunResult> =>
    run(context, ["packer/scripts/apply", folder], {
      env: { IGNEOUS_PAYLOAD_SHA256: sha256 },
      okExits: anyExit,
    });

  it("refuses a payload of which one byte was flipped, before it does anything", async () => {
    const folder = await payload();
    const wanted = await sha256File(join(folder, "payload.tar.gz"));
    await writeFile(join(folder, "payload.tar.gz"), "paYload");
    const { exit, stderr } = await apply(folder, wanted);
    expect(exit).toBe(1);
    expect(stderr).toMatch(/payload refused: its sha256 is [0-9a-f]{64}, wanted [0-9a-f]{64}/u);
  });

  it("refuses a payload without the signature of an allowed signer, and takes one that has it", async () => {
    requireTool("ssh-keygen");
    const folder = await payload();
    const archive = join(folder, "payload.tar.gz");
    const sha256 = await sha256File(archive);
    for (const name of ["mine", "other"])
      await run(context, ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", join(folder, name)]);
    const publicKey = await readFile(join(folder, "mine.pub"), "utf8");
    await writeFile(join(folder, "allowed_signers"), `builds@example.org ${publicKey}`);
    expect((await apply(folder, sha256)).stderr).toContain("there is no signature");
    const sign = async (key: string): Promise<void> => {
      await rm(`${archive}.sig`, { force: true });
      await run(context, [
        "ssh-keygen",
        "-q",
        "-Y",
        "sign",
        "-n",
        "igneous",
        "-f",
        join(folder, key),
        archive,
      ]);
    };
    await sign("other");
    expect((await apply(folder, sha256)).stderr).toContain("payload refused");
    await sign("mine");
    // Verified, and only then is it found that this is no OSTree machine, or not root.
    expect((await apply(folder, sha256)).stderr).toMatch(/not booted from OSTree|run it as root/u);
  });

  it("both programs pass shellcheck", async () => {
    await run(context, [requireTool("shellcheck"), "packer/scripts/apply", "packer/scripts/seal"]);
  });
});
