/**
 * Every error that a user can meet, with the exit status it leads to. README's table is generated from this.
 * Exits: 1 an operation failed, 2 usage, 3 input invalid, 4 integrity, 5 rollout, 70 bug, 130 interrupted.
 */
export const errorCodes = {
  "blob-digest-mismatch": {
    exit: 4,
    meaning: "bytes that were served do not have the digest that was asked for",
  },
  "blob-too-large": {
    exit: 4,
    meaning: "a body is larger than its descriptor, or than the limit for its kind",
  },
  "check-failed": { exit: 1, meaning: "the image was built, but a check of the booted machine failed" },
  "disk-full": { exit: 1, meaning: "no room left on a device that igneous writes to" },
  "file-exists": { exit: 3, meaning: "a file is there that igneous will not overwrite" },
  "file-not-found": { exit: 3, meaning: "a file that was named does not exist or cannot be read" },
  "image-not-found": { exit: 1, meaning: "the registry or layout has no such image, tag, platform or blob" },
  "image-refused": {
    exit: 4,
    meaning: "an image breaks the rules of its format, or could do harm; nothing of it was imported",
  },
  "input-invalid": {
    exit: 3,
    meaning: "a file of yours has errors; each is listed with its line and column",
  },
  interrupted: { exit: 130, meaning: "stopped by Ctrl-C or a signal; the next run goes on from here" },
  "lock-held": { exit: 1, meaning: "another igneous process works on the same lock, repo or cache" },
  "lock-invalid": {
    exit: 4,
    meaning: "the lock is damaged, merged badly, edited by hand or of a newer igneous",
  },
  "lock-stale": { exit: 4, meaning: "the lock does not match the spec" },
  "no-permission": { exit: 1, meaning: "a file or folder may not be read or written by this user" },
  "path-not-found": { exit: 3, meaning: "a commit has nothing of the wanted kind at a path" },
  "ref-not-found": { exit: 3, meaning: "an OSTree repo has no such ref or commit" },
  "reference-invalid": { exit: 3, meaning: "an image reference cannot be read" },
  "registry-denied": { exit: 1, meaning: "a registry refused access; the credentials are missing or wrong" },
  "registry-failed": { exit: 1, meaning: "a registry did not answer, or not as a registry does" },
  "repo-corrupt": { exit: 4, meaning: "an object in an OSTree repo is missing or damaged" },
  "repo-unusable": { exit: 3, meaning: "an OSTree repo has a mode that igneous cannot work with" },
  "tool-failed": { exit: 1, meaning: "a program that igneous runs failed; its last lines are shown" },
  "tool-missing": { exit: 1, meaning: "a program that igneous needs is not installed" },
  "tree-conflict": { exit: 3, meaning: "two sources put different kinds of things at one path of the image" },
  usage: { exit: 2, meaning: "the command line is wrong" },
} as const satisfies Record<string, { readonly exit: number; readonly meaning: string }>;

export type ErrorCode = keyof typeof errorCodes;
