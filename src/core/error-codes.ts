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
  "reference-invalid": { exit: 3, meaning: "an image reference cannot be read" },
  "tool-failed": { exit: 1, meaning: "a program that igneous runs failed; its last lines are shown" },
  "tool-missing": { exit: 1, meaning: "a program that igneous needs is not installed" },
  usage: { exit: 2, meaning: "the command line is wrong" },
} as const satisfies Record<string, { readonly exit: number; readonly meaning: string }>;

export type ErrorCode = keyof typeof errorCodes;
