import type { ImageBuilderBuild } from "../../src/aws/image-builder-types.ts";
import type { Simulator } from "../fakes/aws/simulator.ts";
import { home, operations } from "./publishing.ts";

const hex = (digit: string): string => digit.repeat(64);

/** A build as Image Builder is handed it. */
export function testBuild(more: Partial<ImageBuilderBuild> = {}): ImageBuilderBuild {
  return {
    buildId: `sha256:${hex("b")}`,
    specName: "mainnet-node",
    payloadCommit: hex("c"),
    publish: { regions: [home, "us-east-1"] },
    imageBuilder: {
      parentImage: "ami-0123456789abcdef0",
      payload: "s3://payloads/igneous",
      instanceProfile: "igneous-builder",
    },
    files: {
      payload: { name: "payload.tar.gz", sha256: hex("1") },
      apply: { name: "apply", sha256: hex("2") },
      seal: { name: "seal", sha256: hex("3") },
      check: { name: "check", sha256: hex("4") },
    },
    ...more,
  };
}

/** The same spec with another payload. */
export const otherPayload = testBuild({
  buildId: `sha256:${hex("d")}`,
  payloadCommit: hex("e"),
  files: { ...testBuild().files, payload: { name: "payload.tar.gz", sha256: hex("5") } },
});

/** A build that keeps a pipeline. */
export function scheduled(build: ImageBuilderBuild): ImageBuilderBuild {
  const schedule = { expression: "cron(0 6 ? * mon *)" };
  return { ...build, imageBuilder: { ...build.imageBuilder, schedule } };
}

/** The calls that made or changed something of Image Builder. */
export function madeBy(sim: Simulator): readonly string[] {
  return operations(sim).filter((name) => /^(Create|Update|Retry|Distribute)/u.test(name));
}
