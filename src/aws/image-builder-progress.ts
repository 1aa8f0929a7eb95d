import type { WorkflowExecutionMetadata, WorkflowStepMetadata } from "@aws-sdk/client-imagebuilder";
import type { Context } from "../core/context.ts";
import type { ImageBuilderApi } from "./apis.ts";
import { imageStep } from "./image-builder-types.ts";

/** A step of a workflow as people follow it. */
export interface WorkflowStep {
  readonly workflow: string;
  readonly name: string;
  readonly status: string;
  readonly message: string | undefined;
}

/** All workflows of an image, in the order in which they run, each with its steps. */
export async function readWorkflows(
  api: ImageBuilderApi,
  imageArn: string,
): Promise<readonly WorkflowStep[]> {
  const { workflowExecutions = [] } = await api.listWorkflowExecutions({ imageBuildVersionArn: imageArn });
  const inOrder = workflowExecutions.toSorted((a, b) => order(a) - order(b));
  const all: WorkflowStep[] = [];
  for (const { workflowExecutionId, type = "" } of inOrder) {
    if (workflowExecutionId === undefined) continue;
    const { steps = [] } = await api.listWorkflowStepExecutions({ workflowExecutionId });
    const byTime = steps.toSorted((a, b) => ((a.startTime ?? "~") < (b.startTime ?? "~") ? -1 : 1));
    all.push(...byTime.map((step) => workflowStep(type.toLowerCase(), step)));
  }
  return all;
}

/** Tells where an image is: its state, and the step that runs. */
export async function reportProgress(
  context: Context,
  api: ImageBuilderApi,
  imageArn: string,
  status: string,
): Promise<void> {
  const steps = await readWorkflows(api, imageArn);
  const running = steps.findLast((step) => step.status === "RUNNING");
  const where = running === undefined ? "" : `, ${running.workflow}: ${running.name}`;
  context.emit({
    type: "step-progress",
    step: imageStep,
    done: steps.filter((step) => ["COMPLETED", "SKIPPED"].includes(step.status)).length,
    ...(steps.length === 0 ? {} : { total: steps.length }),
    unit: "items",
    note: `${status.toLowerCase()}${where}`,
  });
}

const types = ["BUILD", "TEST", "DISTRIBUTION"];

function order({ type }: WorkflowExecutionMetadata): number {
  return types.indexOf(type ?? "");
}

function workflowStep(workflow: string, step: WorkflowStepMetadata): WorkflowStep {
  return { workflow, name: step.name ?? "", status: step.status ?? "", message: step.message };
}
