import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { mkdtemp, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { openToolsRoot, runInTools } from "../../src/base/tools.ts";
import { makeSysroot } from "../../src/disk/sysroot.ts";
import { hostContext } from "../../src/host/context.ts";
import { run } from "../../src/host/exec.ts";
import { readLock } from "../../src/lock/file.ts";
import { freePort, startMoto } from "../fakes/aws/moto.ts";
import { type MotoFront, startMotoFront } from "../fakes/aws/moto-front.ts";

const context = hostContext(() => undefined, new AbortController().signal);

/** AMI of the base, as moto has it from its start; moto itself makes none with an EBS root. */
export const baseAmi = "ami-0123456789abcdef0";

export async function startMotoWithBase(folder: string): Promise<MotoFront> {
  const path = join(folder, "amis.json");
  const ami = {
    ami_id: baseAmi,
    name: "base",
    description: "",
    owner_id: "123456789012",
    architecture: "x86_64",
    image_type: "machine",
    root_device_type: "ebs",
    root_device_name: "/dev/xvda",
    virtualization_type: "hvm",
    hypervisor: "xen",
    public: true,
    platform: null,
    state: "available",
    creation_date: "2026-01-01T00:00:00.000Z",
    sriov: "simple",
  };
  writeFileSync(path, JSON.stringify([ami]));
  return startMotoFront(await startMoto({ MOTO_AMIS_PATH: path }));
}

/** The base of a project, deployed and running as far as namespaces go: its own sshd, ostree and file system, no kernel. */
export interface BaseMachine {
  readonly port: number;
  /** The machine's whole file system, seen from here. */
  readonly sysroot: string;
  readonly stop: () => Promise<void>;
}

export async function startBase(project: string, baseCommit: string, rendered: string): Promise<BaseMachine> {
  if (process.getuid?.() !== 0) throw new Error("the base runs in namespaces of root: run this test as root");
  const work = await mkdtemp(join(project, "machine-"));
  const lock = await readLock(project);
  const tools = await openToolsRoot(context, lock.base);
  await makeSysroot(context, (argv, options) => runInTools(context, tools, argv, options), work, {
    repo: join(project, ".igneous/repo"),
    hostCommit: baseCommit,
    kernelArguments: [],
  });
  const sysroot = join(work, "sysroot");
  const keys = join(work, "keys");
  const key = join(rendered, "access.key");
  writeFileSync(keys, (await run(context, ["ssh-keygen", "-y", "-f", key])).stdout);
  const port = await freePort();
  const script = join(import.meta.dirname, "packer-base.sh");
  const inside = [script, sysroot, baseCommit, String(port), keys];
  const options = ["--mount", "--pid", "--fork", "--kill-child"];
  const child = spawn("unshare", [...options, ...inside], { stdio: ["ignore", "ignore", "pipe"] });
  await listening(child);
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    const deployments = join(sysroot, "ostree/deploy/igneous/deploy");
    const names = (await readdir(deployments)).filter((name) => !name.endsWith(".origin"));
    // OSTree makes them immutable; nobody could remove them.
    await run(context, ["chattr", "-i", ...names.map((name) => join(deployments, name))]);
  };
  return { port, sysroot, stop };
}

async function listening(child: ChildProcess): Promise<void> {
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (said += text));
  for (let tries = 0; tries < 600; tries++) {
    if (said.includes("Server listening")) return;
    if (child.exitCode !== null) break;
    await wait(100);
  }
  throw new Error(`sshd of the base does not listen: ${said}`);
}

/** Whether a deployment of the machine is the one that boots next. */
export async function nextDeployment(sysroot: string): Promise<string> {
  const menu = await readFile(join(sysroot, "boot/loader/syslinux.cfg"), "utf8");
  const link = /ostree=(\S+)/u.exec(menu)?.[1] ?? "";
  return (await run(context, ["realpath", join(sysroot, link)])).stdout.trim();
}
