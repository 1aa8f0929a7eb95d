interface ErrorKind {
  readonly exit: number;
  readonly meaning: string;
  /** What to do next where whoever throws it knows nothing better. */
  readonly next?: string;
}

/**
 * Every error that a user can meet, with the exit status it leads to. README's table is generated from this.
 * Exits: 1 an operation failed, 2 usage, 3 input invalid, 4 integrity, 5 rollout, 70 bug, 130 interrupted.
 */
export const errorCodes = {
  "archive-unknown": { exit: 3, meaning: "no Debian archive is known to take packages from" },
  "archive-unreachable": {
    exit: 1,
    meaning: "a Debian archive does not answer, or not with what its index names",
  },
  "archive-untrusted": {
    exit: 4,
    meaning: "the index of a Debian archive is not signed by Debian, is out of date, or names no sha256",
    next: "run it again later, or name another mirror: base.debian.mirror in the spec, or IGNEOUS_DEB_MIRROR",
  },
  "aws-access-denied": {
    exit: 1,
    meaning: "the credentials may not do what is asked; the message names the action",
  },
  "aws-credentials": { exit: 1, meaning: "there are no AWS credentials, or they are expired or wrong" },
  "aws-failed": { exit: 1, meaning: "AWS refused a call or could not do it" },
  "aws-kms-key": { exit: 1, meaning: "a KMS key is of another region, disabled, or may not be used" },
  "aws-name-taken": { exit: 1, meaning: "an AMI that is not of this build has the name already" },
  "aws-quota": { exit: 1, meaning: "a quota of the AWS account is used up" },
  "aws-region": { exit: 1, meaning: "an AWS region does not exist or is not enabled for the account" },
  "aws-snapshot-failed": { exit: 1, meaning: "EBS gave up on a snapshot, or what it holds is not the disk" },
  "aws-throttled": { exit: 1, meaning: "AWS throttled a call for longer than igneous waits" },
  "aws-timeout": { exit: 1, meaning: "a snapshot or AMI did not become ready in time" },
  "aws-unreachable": { exit: 1, meaning: "an AWS endpoint could not be reached" },
  "base-package-gone": { exit: 4, meaning: "a locked package has left the archive" },
  "base-package-unknown": { exit: 3, meaning: "the spec names a package that the archive does not have" },
  "base-packages-conflict": { exit: 3, meaning: "packages of the spec cannot be installed together" },
  "blob-digest-mismatch": {
    exit: 4,
    meaning: "bytes that were served do not have the digest that was asked for",
    next: "run it again; when it stays so, the registry, or what is between, serves other bytes: name a mirror in registries of the spec",
  },
  "blob-too-large": {
    exit: 4,
    meaning: "a body is larger than its descriptor, or than the limit for its kind",
    next: "have the image made anew, or name another one: its registry serves more than its manifest says",
  },
  "boot-failed": {
    exit: 1,
    meaning: "a machine in QEMU did not start, or stopped before it was asked to",
    next: "look at the machine's console: boot.log and serial.log in the folder of the build",
  },
  "build-differs": {
    exit: 4,
    meaning: "a build gave other bytes than those that the lock records for its id",
  },
  "build-unknown": { exit: 3, meaning: "the lock has no such build" },
  "check-failed": { exit: 1, meaning: "the image was built, but a check of the booted machine failed" },
  "disk-changed": { exit: 4, meaning: "a disk image is not the one that was baked and checked" },
  "disk-full": { exit: 1, meaning: "no room left on a device that igneous writes to" },
  "disk-too-small": { exit: 3, meaning: "the content does not fit on a disk of the size in the spec" },
  "file-exists": { exit: 3, meaning: "a file is there that igneous will not overwrite" },
  "file-not-found": {
    exit: 3,
    meaning: "a file that was named does not exist or cannot be read",
    next: "name a file that is there",
  },
  "image-builder-failed": {
    exit: 1,
    meaning: "EC2 Image Builder could not build, test or distribute an image",
  },
  "image-not-found": {
    exit: 1,
    meaning: "the registry or layout has no such image, tag, platform or blob",
    next: "correct the reference; what a layout has says its index.json",
  },
  "image-refused": {
    exit: 4,
    meaning: "an image breaks the rules of its format, or could do harm; nothing of it was imported",
    next: "name another image, or have this one made anew by who makes it",
  },
  "input-invalid": {
    exit: 3,
    meaning: "a file of yours has errors; each is listed with its line and column",
    next: "correct it and run the same command again",
  },
  interrupted: { exit: 130, meaning: "stopped by Ctrl-C or a signal; the next run goes on from here" },
  "lock-held": { exit: 1, meaning: "another igneous process works on the same lock, repo or cache" },
  "lock-invalid": {
    exit: 4,
    meaning: "the lock is damaged, merged badly, edited by hand or of a newer igneous",
  },
  "lock-stale": { exit: 4, meaning: "the lock does not match the spec" },
  "login-failed": { exit: 1, meaning: "a machine does not answer over ssh, or refuses the login" },
  "namespaces-refused": { exit: 1, meaning: "this user may not make the user namespace that replaces root" },
  "no-permission": { exit: 1, meaning: "a file or folder may not be read or written by this user" },
  "packer-failed": {
    exit: 1,
    meaning: "packer build failed; what it reported is shown, its whole log is kept",
  },
  "path-not-found": {
    exit: 3,
    meaning: "a commit has nothing of the wanted kind at a path",
    next: "list what is there: ostree ls -R --repo=REPO COMMIT",
  },
  "platform-not-found": { exit: 3, meaning: "an image exists, but not for the platform of the spec" },
  "predecessor-missing": {
    exit: 3,
    meaning: "the repo has no commit of the build that an image would go back to",
  },
  "ref-not-found": { exit: 3, meaning: "an OSTree repo has no such ref or commit" },
  "reference-invalid": {
    exit: 3,
    meaning: "an image reference cannot be read",
    next: "write it like host/repo:tag, host/repo@sha256:…, or oci:FOLDER:TAG",
  },
  "registry-denied": {
    exit: 1,
    meaning: "a registry refused access; the credentials are missing or wrong",
    next: "log in first: podman login or docker login",
  },
  "registry-failed": {
    exit: 1,
    meaning: "a registry did not answer, or not as a registry does",
    next: "run the same command again; it goes on where it was",
  },
  "repo-corrupt": { exit: 4, meaning: "an object in an OSTree repo is missing or damaged" },
  "repo-unusable": { exit: 3, meaning: "an OSTree repo has a mode that igneous cannot work with" },
  "rollback-refused": {
    exit: 1,
    meaning: "a node has nothing to go back to, or cannot say what it runs",
    next: "look at the node: igneous-host status",
  },
  "rollback-unclear": { exit: 3, meaning: "what to roll back to cannot be told; name a build" },
  "rollout-active": { exit: 5, meaning: "another instance refresh works on the group" },
  "rollout-blocked": { exit: 3, meaning: "the plan of a rollout has blockers; each is listed" },
  "rollout-failed": { exit: 5, meaning: "a rollout failed, was cancelled, or could not go back" },
  "rollout-group-missing": { exit: 3, meaning: "there is no such Auto Scaling group in the region" },
  "rollout-image-missing": { exit: 3, meaning: "a build has no AMI in the region of a group" },
  "rollout-plan-changed": { exit: 4, meaning: "the plan is not the one that was reviewed" },
  "rollout-rolled-back": {
    exit: 5,
    meaning: "a rollout failed and the group was brought back to what it ran before",
  },
  "rollout-unlocked": { exit: 4, meaning: "an AMI was asked for that the lock does not name" },
  "token-refused": {
    exit: 1,
    meaning: "a node made no token: it is no control plane, or its API does not answer",
  },
  "tool-failed": {
    exit: 1,
    meaning: "a program that igneous runs failed; its last lines are shown",
    next: "the lines above are the program's own; correct what they say and run the same command again",
  },
  "tool-missing": { exit: 1, meaning: "a program that igneous needs is not installed" },
  "tree-conflict": {
    exit: 3,
    meaning: "two sources put different kinds of things at one path of the image",
    next: "leave one of the two out of the image, or of image.bu.hbs",
  },
  usage: { exit: 2, meaning: "the command line is wrong", next: "see: igneous COMMAND --help" },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorCodes;

export function findNext(code: ErrorCode): string | undefined {
  const kind: ErrorKind = errorCodes[code];
  return kind.next;
}
