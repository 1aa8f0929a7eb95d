import type { ListWorkflowStepExecutionsRequest } from "@aws-sdk/client-imagebuilder";
import { timeline, type Workflow, workflows } from "./image-builder-life.ts";
import { date, missing } from "./image-builder-rules.ts";
import type { BuilderImage } from "./image-builder-state.ts";
import type { Call } from "./service.ts";
import type { World } from "./world.ts";

/** The workflows of an image that have begun. */
export function listExecutions(world: World, image: BuilderImage, call: Call): object {
  const begun = workflows.filter(({ type }) =>
    timeline(image).some(({ workflow, start }) => workflow === type && start <= call.now),
  );
  return {
    imageBuildVersionArn: image.arn,
    workflowExecutions: begun.map(({ type }) => ({
      workflowExecutionId: executionId(world, image, type),
      type,
      status: timeline(image).some((step) => step.workflow === type && step.failed) ? "FAILED" : "RUNNING",
    })),
  };
}

export function listSteps(world: World, input: ListWorkflowStepExecutionsRequest, call: Call): object {
  for (const image of world.imageBuilder.images.values()) {
    const type = workflows.find(
      (entry) => executionId(world, image, entry.type) === input.workflowExecutionId,
    );
    if (type === undefined) continue;
    const steps = timeline(image).filter(
      ({ workflow, start }) => workflow === type.type && start <= call.now,
    );
    return {
      imageBuildVersionArn: image.arn,
      steps: steps.map(({ name, start, end, failed }) => ({
        name,
        action: name,
        startTime: date(start),
        status: call.now < end ? "RUNNING" : failed ? "FAILED" : "COMPLETED",
        ...(failed && call.now >= end ? { message: image.failure?.message } : {}),
      })),
    };
  }
  throw missing("workflow execution", input.workflowExecutionId);
}

function executionId(world: World, image: BuilderImage, type: Workflow): string {
  const number = Array.from(world.imageBuilder.images.keys()).indexOf(image.arn);
  const digits = String(number * 10 + workflows.findIndex((entry) => entry.type === type)).padStart(12, "0");
  return `wf-00000000-0000-4000-8000-${digits}`;
}
