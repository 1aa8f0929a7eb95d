import type { BuilderImage } from "./image-builder-state.ts";

/** How an image of EC2 Image Builder lives through time. */

export type Workflow = "BUILD" | "TEST" | "DISTRIBUTION";

/** The workflows of an image, as `list-workflow-step-executions` shows them, and how many minutes each step takes. */
export const workflows: readonly {
  readonly type: Workflow;
  readonly steps: readonly (readonly [string, number])[];
}[] = [
  {
    type: "BUILD",
    steps: [
      ["LaunchBuildInstance", 3],
      ["ApplyBuildComponents", 6],
      ["InventoryCollection", 1],
      ["CreateOutputAMI", 5],
      ["TerminateBuildInstance", 1],
    ],
  },
  {
    type: "TEST",
    steps: [
      ["LaunchTestInstance", 3],
      ["ApplyTestComponents", 4],
      ["TerminateTestInstance", 1],
    ],
  },
  { type: "DISTRIBUTION", steps: [["DistributeOutputAMI", 8]] },
];

const states: Readonly<Record<Workflow, string>> = {
  BUILD: "BUILDING",
  TEST: "TESTING",
  DISTRIBUTION: "DISTRIBUTING",
};

interface TimedStep {
  readonly workflow: Workflow;
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly failed: boolean;
}

/** The steps up to the one that fails. */
export function timeline(image: BuilderImage): readonly TimedStep[] {
  let time = image.startedAt;
  const steps: TimedStep[] = [];
  for (const { type, steps: own } of workflows) {
    for (const [name, minutes] of own) {
      const failed = image.failure?.workflow === type && image.failure.step === name;
      steps.push({ workflow: type, name, start: time, end: time + minutes * 60_000, failed });
      time += minutes * 60_000;
      if (failed) return steps;
    }
  }
  return steps;
}

export function statusOf(image: BuilderImage, now: number): string {
  if (image.cancelledAt !== undefined) return "CANCELLED";
  const steps = timeline(image);
  const current = steps.find(({ end }) => now < end);
  if (current !== undefined) return states[current.workflow];
  return steps.at(-1)?.failed === true ? "FAILED" : "AVAILABLE";
}
