import { planUserData } from "../aws/launch-template-user-data.ts";
import type { Context } from "../core/context.ts";
import { findBytes } from "../core/units.ts";
import type { BootCheckInput, Deployment } from "../disk/boot-check.ts";
import type { StateCheck } from "../disk/boot-report.ts";
import type { CommitChecksum } from "../ostree/object.ts";
import type { Repo } from "../ostree/repo.ts";
import { readTreeFile } from "../ostree/tree-read.ts";
import type { BuildFolder } from "./build-folder.ts";
import { parseChecks, parseManifest } from "./node-documents.ts";
import { checksPath, manifestPath } from "./payload.ts";
import type { Project } from "./project.ts";
import { bootRoles } from "./template-variables.ts";

/** Room that the checked machine has beyond the image, so that it can be seen that the root file system grows into it. */
const growBytes = 2 ** 31;

export interface BootedBuild {
  readonly folder: BuildFolder;
  readonly hostCommit: string;
  readonly predecessorCommit: string | null;
  readonly diskBytes: number;
  readonly becomesAmi: boolean;
}

/** What the boot check of a build does, by the spec and by what the build's commits say of themselves. */
export async function bootInput(
  context: Context,
  project: Project,
  repo: Repo,
  build: BootedBuild,
): Promise<BootCheckInput> {
  const { folder, predecessorCommit: previous } = build;
  const { spec } = project.loaded;
  const { memory, cpus } = spec.bootTest;
  const roles = bootRoles(spec);
  const deployment = (commit: string): Promise<Deployment> => readDeployment(context, repo, commit, roles);
  // The check serves the store itself: no bucket is needed, nor need the spec name one.
  const store = spec.rollout?.userDataStore ?? "s3://igneous-boot-check/launch";
  return {
    disk: folder.disk,
    diskBytes: build.diskBytes + growBytes,
    memoryBytes: findBytes(memory) ?? 2 ** 31,
    cpus,
    ignition: folder.launch,
    host: await deployment(build.hostCommit),
    ...(previous === null ? {} : { predecessor: await deployment(previous) }),
    state: roles.some((role) => role === "etcd" || role === "control-plane") ? [etcdState] : [],
    ...(build.becomesAmi ? { userData: (config: string) => planUserData(config, store) } : {}),
    folder: folder.path,
  };
}

// Root's login has a runtime folder of its own, where crun would look for the container.
const etcdctl =
  "crun --root=/run/crun exec etcd etcdctl --cacert=/pki/ca.crt --cert=/pki/server.crt --key=/pki/server.key";

/** A key that the first boot writes and every later one must find. */
const etcdState: StateCheck = {
  name: "etcd-keeps-its-data",
  write: `${etcdctl} put igneous/boot-check first`,
  read: {
    name: "etcd-keeps-its-data",
    command: `${etcdctl} get --print-value-only igneous/boot-check`,
    expect: { contains: "first" },
    wait: 60,
  },
};

/** What a deployment must hold and answer, by its own documents: those of a predecessor may be others than today's. */
export async function readDeployment(
  context: Context,
  repo: Repo,
  commit: string,
  roles: readonly string[],
): Promise<Deployment> {
  const read = async (path: string): Promise<string> =>
    Buffer.from(await readTreeFile(context, repo, commit as CommitChecksum, path)).toString("utf8");
  const { containers } = parseManifest(await read(manifestPath));
  return { commit, containers, checks: parseChecks(await read(checksPath), roles) };
}
