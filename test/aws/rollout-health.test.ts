import { describe, expect, it } from "vitest";
import { after, fleets, newImage, request, roll, versionsIn } from "./fleets.ts";
import { healthPage } from "./health-page.ts";

describe("health beyond EC2's", () => {
  it("a rollout whose nodes are healthy by their own word and page succeeds", async () => {
    const world = await fleets();
    const group = world.group("workers", 2);
    const { http } = await healthPage();
    const preferences = { instanceWarmup: 0, health: { node: true, http, withinSeconds: 120 } };
    const [outcome] = await roll(world, request(["workers"], { preferences }));
    expect(outcome?.rollout.status).toBe("succeeded");
    expect(versionsIn(group)).toEqual(["2", "2"]);
    expect(world.sim.calls.some(({ operation }) => operation === "SendCommand")).toBe(true);
    const [started] = world.sim.calls.filter(({ operation }) => operation === "StartInstanceRefresh");
    expect(started?.input).toMatchObject({ Preferences: { BakeTime: 120 } });
  });

  it("EC2 finds nodes healthy and their page does not: the rollout is turned around, and says which node", async () => {
    const world = await fleets();
    const group = world.group("workers", 2);
    const page = await healthPage();
    page.status = 503;
    const preferences = { instanceWarmup: 0, health: { http: page.http, withinSeconds: 120 } };
    const [outcome] = await roll(world, request(["workers"], { preferences }));
    expect(outcome?.rollout).toMatchObject({
      status: "rolled-back",
      reason: expect.stringMatching(/^i-\w+ is not healthy after 120 s: .*healthz answers 503$/u),
    });
    expect(versionsIn(group)).toEqual(["1", "1"]);
  });

  it("AWS is done before we know: a node that stays bad makes the rollout fail", async () => {
    const world = await fleets();
    world.group("workers", 1);
    const page = await healthPage();
    page.status = 503;
    const preferences = { instanceWarmup: 0, bakeTime: 0, health: { http: page.http, withinSeconds: 3600 } };
    const [outcome] = await roll(world, request(["workers"], { preferences }));
    expect(outcome?.rollout).toMatchObject({ status: "failed", amiId: newImage });
    expect(world.sim.world.launchTemplates[0]?.defaultVersion).toBe(1);
  });

  it("a node that needs a while is waited for", async () => {
    const world = await fleets();
    world.group("workers", 1);
    const page = await healthPage();
    page.status = 503;
    after(world, 6, () => void (page.status = 200));
    const preferences = { instanceWarmup: 0, health: { http: page.http, withinSeconds: 900 } };
    const [outcome] = await roll(world, request(["workers"], { preferences }));
    expect(outcome?.rollout.status).toBe("succeeded");
  });
});
