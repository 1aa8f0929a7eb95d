import { describe, expect, it } from "vitest";
import { type DeployedCommit, placementOrder } from "../../src/disk/placement.ts";

const deploy = (commit: string): string => `ostree/deploy/igneous/deploy/${commit}.0`;
const object = (name: string): string => `ostree/repo/objects/${name.slice(0, 2)}/${name.slice(2)}`;

const skeleton = ["", "boot", "ostree", "ostree/deploy", "ostree/repo", "ostree/repo/objects"];

function commit(name: string, geth: string): { readonly deployed: DeployedCommit; readonly paths: string[] } {
  const root = deploy(name);
  const deployed = {
    commit: name,
    metadata: [`${name}.commit`, "bb-usr.dirtree", `cc-${geth}.dirtree`],
    files: new Set(["ff-base.file", `aa-${geth}.file`]),
  };
  const own = ["usr", "usr/zsh", "usr/lib", "usr/lib/igneous", "usr/lib/igneous/containers", "etc/passwd"];
  const paths = [
    root,
    `${root}/usr/lib/igneous/containers/geth`,
    ...own.map((path) => `${root}/${path}`),
    ...[...deployed.metadata, ...deployed.files].map(object),
  ];
  return { deployed, paths };
}

describe("placementOrder", () => {
  const one = commit("11", "old");
  const two = commit("22", "new");
  const first = placementOrder([...skeleton, ...one.paths, "boot/loader"], [one.deployed]);
  const all = [...new Set([...skeleton, ...two.paths, ...one.paths, "boot/loader"])];
  const second = placementOrder(all, [one.deployed, two.deployed]);

  it("names every path once, whatever order they come in", () => {
    expect(second.toSorted()).toEqual(all.toSorted());
    expect(placementOrder(all.toReversed(), [one.deployed, two.deployed])).toEqual(second);
  });

  it("begins a disk like the one before it, which its predecessor was alone on", () => {
    const common = first.slice(0, -1);
    expect(first.at(-1)).toBe("boot/loader");
    expect(second.slice(0, common.length)).toEqual(common);
  });

  it("puts a deployment's base before its containers, and both before /etc", () => {
    const places = ["usr/zsh", "usr/lib/igneous/containers/geth", "etc/passwd"].map((path) =>
      first.indexOf(`${deploy("11")}/${path}`),
    );
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places).not.toContain(-1);
  });

  it("puts images of their own pace behind Kubernetes and the metadata, so that a grown one moves little", () => {
    const root = deploy("11");
    const below = (name: string): string => `${root}/usr/lib/igneous/containers/${name}`;
    const paths = [below("geth/rootfs/geth"), below("kube-apiserver/rootfs/api"), below("etcd/rootfs/etcd")];
    const order = placementOrder([...skeleton, ...one.paths, ...paths], [one.deployed]);
    const places = [paths[2], paths[1], object("bb-usr.dirtree"), paths[0]].map((path) =>
      order.indexOf(path ?? ""),
    );
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places).not.toContain(-1);
    // mke2fs makes no folder that it was not given before.
    expect(order.indexOf(`${root}/usr/lib/igneous/containers`)).toBeLessThan(places[0] ?? 0);
  });

  it("leaves the objects of unchanged folders in the order of the tree", () => {
    const metadata = first.filter((path) => /\.(?:commit|dirtree)$/u.test(path));
    expect(metadata).toEqual(one.deployed.metadata.map(object));
  });
});
