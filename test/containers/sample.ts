import type { NodeSpec } from "../../src/containers/container-spec.ts";
import { expandContainers } from "../../src/containers/expand.ts";
import type { ImageConfig } from "../../src/containers/image-config.ts";
import type { PayloadPlan } from "../../src/containers/payload-plan.ts";
import { renderContainers } from "../../src/containers/render-containers.ts";

export function sampleSpec(given: Partial<NodeSpec> = {}): NodeSpec {
  return {
    kubernetes: { version: "1.34.1", imageRepository: "registry.k8s.io" },
    geth: { network: "dev" },
    containers: {},
    ...given,
  };
}

export function samplePlan(spec: NodeSpec = sampleSpec(), image: ImageConfig = {}): PayloadPlan {
  const containers = expandContainers(spec).containers.map((entry) => ({ entry, image }));
  return renderContainers({ kubernetesVersion: spec.kubernetes.version, containers });
}

/** The contents of one planned file. */
export function plannedText(plan: PayloadPlan, path: string): string {
  const found = plan.files.find((file) => file.path === path);
  if (found === undefined) throw new Error(`the plan has no ${path}`);
  return found.contents;
}
