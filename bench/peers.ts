import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";

type Commands = readonly (readonly string[])[];

export function podmanPull(root: string, references: readonly string[]): Commands {
  const podman = ["podman", "--root", root, "--runroot", `${root}-run`];
  return references.map((reference) => [...podman, "pull", "-q", "--tls-verify=false", reference]);
}

export function skopeoAndUmoci(folder: string, references: readonly string[]): Commands {
  mkdirSync(`${folder}/layouts`, { recursive: true });
  return references.flatMap((reference, index) => {
    const layout = `${folder}/layouts/${index}:v1`;
    const copy = ["skopeo", "--insecure-policy", "copy", "-q", "--src-tls-verify=false"];
    return [
      [...copy, `docker://${reference}`, `oci:${layout}`],
      ["umoci", "raw", "unpack", "--image", layout, `${folder}/${index}`],
    ];
  });
}

/** What the repo costs by itself, of trees that {@link skopeoAndUmoci} left. */
export function ostreeCommit(repo: string, unpacked: string, count: number): Commands {
  execFileSync("ostree", ["init", `--repo=${repo}`, "--mode=bare-user"]);
  const options = "--tree=tar=/dev/stdin --tar-autocreate-parents -s x";
  return Array.from({ length: count }, (_, index) => [
    "sh",
    "-c",
    `tar -C ${unpacked}/${index} -cf - . | ostree commit --repo=${repo} -b i${index} ${options}`,
  ]);
}
