import type { Digest, Sha256Hex } from "../../src/core/digest.ts";
import type { LockContent } from "../../src/lock/format.ts";

export const digestOfDigit = (digit: string): Digest => `sha256:${digit.repeat(64)}` as Digest;
export const hexOfDigit = (digit: string): Sha256Hex => digit.repeat(64) as Sha256Hex;

/** A small lock with one image, one package and one build. */
export const sampleLock: LockContent = {
  name: "mainnet-node",
  platform: "linux/amd64",
  spec: digestOfDigit("0"),
  templates: { "butane/image.bu.hbs": digestOfDigit("1") },
  images: [
    {
      reference: "registry.k8s.io/etcd:3.6.5-0",
      manifestDigest: digestOfDigit("2"),
      configDigest: digestOfDigit("3"),
      layers: [
        {
          digest: digestOfDigit("4"),
          diffId: digestOfDigit("5"),
          mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
          size: 1000,
        },
      ],
    },
  ],
  base: {
    suite: "trixie",
    requested: [],
    packages: [
      {
        name: "libc6",
        version: "2.41-12",
        architecture: "amd64",
        size: 2847000,
        sha256: hexOfDigit("6"),
        filename: "pool/main/g/glibc/libc6_2.41-12_amd64.deb",
      },
    ],
    tools: [],
  },
  builds: [
    {
      id: digestOfDigit("7"),
      builder: "qemu",
      payloadCommit: hexOfDigit("8"),
      baseCommit: hexOfDigit("9"),
      hostCommit: hexOfDigit("a"),
      disk: { sha256: hexOfDigit("b"), size: 8 * 2 ** 30 },
      tools: { ostree: "2025.2" },
      createdAt: "2026-11-22T18:00:00Z",
    },
  ],
};
