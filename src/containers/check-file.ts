import { type ContainerCheck, paths } from "./container-entry.ts";
import type { PlannedFile } from "./payload-plan.ts";

/** A check of the spec; with roles, it counts only on a node that has one of them. */
export interface NodeCheck extends Omit<ContainerCheck, "expect"> {
  readonly expect?: ContainerCheck["expect"] | undefined;
  readonly roles?: readonly string[] | undefined;
}

/** The check as a program of the node that exits 0 when the command did and said what was expected. */
export function checkFile(check: NodeCheck): PlannedFile {
  const { exit, contains, matches } = check.expect ?? {};
  const roles = check.roles ?? [];
  const lines = [
    "#!/bin/sh",
    ...(roles.length === 0 ? [] : [`${roles.map(hasRole).join(" || ")} || exit 0`]),
    "said=$(",
    check.command,
    ")",
    "status=$?",
    `[ "$status" -eq ${exit ?? 0} ] || { echo "exit status $status, wanted ${exit ?? 0}"; exit 1; }`,
    ...(contains === undefined ? [] : [said("--fixed-strings", contains)]),
    ...(matches === undefined ? [] : [said("--perl-regexp", matches)]),
  ];
  return { path: `${paths.checks}/${check.name}`, mode: 0o755, contents: `${lines.join("\n")}\n` };
}

function hasRole(role: string): string {
  return `[ -e ${paths.roles}/${role} ]`;
}

function said(kind: string, wanted: string): string {
  const word = `'${wanted.replaceAll("'", `'\\''`)}'`;
  return `printf '%s\\n' "$said" | grep --quiet ${kind} -- ${word} || { printf 'it said: %s\\n' "$said"; exit 1; }`;
}
