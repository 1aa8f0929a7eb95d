import { describe, expect, it } from "vitest";
import { region } from "../aws/fleets.ts";
import { nodeOf } from "../fakes/aws/nodes.ts";
import { type FleetSetting, fleetSetting } from "./fleet-setting.ts";

const before = "0".repeat(64);
const older = "e".repeat(64);

/** A worker that has an older deployment to go back to. */
function workerWithPast({ sim, workers }: FleetSetting): string {
  const id = workers.members[0]?.id ?? "";
  const node = nodeOf(sim.world, id, region);
  if (node === undefined) throw new Error("there is no such node");
  node.previous = older;
  return id;
}

describe("rollback of one instance, by SSM", () => {
  it("makes the older deployment the next one, and reboots only when it is told to", async () => {
    const setting = await fleetSetting();
    const id = workerWithPast(setting);
    const { exit, stdout, stderr } = await setting.igneous(["rollback", "--host", id]);
    expect(exit, stderr).toBe(0);
    expect(stdout).toBe(`was booted   ${before}\nnow booted   ${before}\nnext boot    ${older}\n`);
    const sent = setting.sim.calls.filter(({ operation }) => operation === "SendCommand");
    expect(JSON.stringify(sent)).not.toContain("systemctl reboot");
  });

  it("with --reboot waits until the node says that it runs the other commit; no other node is sent anything", async () => {
    const setting = await fleetSetting();
    const id = workerWithPast(setting);
    const { exit, stdout, stderr } = await setting.igneous(["rollback", "--host", id, "--reboot", "--json"]);
    expect(exit, stderr).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      region,
      before: { booted: { commit: before } },
      after: { booted: { commit: older }, next: { commit: older } },
    });
    const sent = setting.sim.calls.filter(({ operation }) => operation === "SendCommand");
    expect(new Set(sent.flatMap(({ input }) => input["InstanceIds"]))).toEqual(new Set([id]));
  });

  it("refuses with the node's own words, and names the region where the node does not answer", async () => {
    const { igneous, workers } = await fleetSetting();
    const refused = await igneous(["rollback", "--host", workers.members[0]?.id ?? "", "--reboot"]);
    expect(refused).toMatchObject({ exit: 1, stderr: expect.stringContaining("rollback refused: nothing") });
    const unknown = await igneous(["rollback", "--host", "i-0123456789abcdef0", "--region", "eu-west-1"]);
    expect(unknown).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining("i-0123456789abcdef0 does not answer by SSM in eu-west-1"),
    });
  });
});
