import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { fleetSetting, writeProject } from "./fleet-setting.ts";

it("groups of one name in two regions: status names the region in its next step, and rollback asks which", async () => {
  const { folder, igneous, workers } = await fleetSetting();
  const text = await readFile(join(folder, "igneous.yaml"), "utf8");
  const more = "    - { name: workers, region: us-east-1 }\n";
  await writeProject(folder, text.replace("  instanceWarmup", `${more}  instanceWarmup`));
  const [member] = workers.members;
  if (member !== undefined) member.imageId = "ami-0eeeeeeeeeeeeeee5";
  const shown = await igneous(["status", "--group", "eu-central-1/workers"]);
  expect(shown.stdout).toContain("next: igneous rollback --fleet eu-central-1/workers\n");
  const refused = await igneous(["rollback", "--fleet", "workers", "--yes"]);
  expect(refused).toMatchObject({
    exit: 2,
    stderr: expect.stringContaining(
      "igneous rollback --fleet eu-central-1/workers, or --fleet us-east-1/workers",
    ),
  });
});
