import { describe, expect, it } from "vitest";
import { parseTarget } from "../../src/disk/rollback-host.ts";
import { needMachineTools, parseForwards } from "../../src/disk/machine.ts";
import { testContext } from "../tools.ts";

describe("needMachineTools", () => {
  it("names the package of the first program that is not here", async () => {
    const context = { ...testContext(), env: { PATH: "/nowhere" } };
    await expect(needMachineTools(context)).rejects.toMatchObject({
      code: "tool-missing",
      hint: "run: apt-get install qemu-system-x86",
    });
  });
});

describe("parseForwards", () => {
  it("reads the ports that QEMU chose", () => {
    // `info usernet` of QEMU 7.2
    const text = `Hub -1 (net):
  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ
  TCP[HOST_FORWARD]  13       127.0.0.1 34219       10.0.2.15    22     0     0
  TCP[HOST_FORWARD]  12       127.0.0.1  8545       10.0.2.15  8545     0     0
  UDP[-1 secs]       11       10.0.2.15 68         255.255.255.255 67   0     0
`;
    expect(parseForwards(text)).toEqual(
      new Map([
        [22, 34_219],
        [8545, 8545],
      ]),
    );
  });
});

describe("parseTarget", () => {
  it("reads user, host and port, with root and 22 when they are not said", () => {
    expect(parseTarget("ssh://core@node-1.example:2222")).toEqual({
      user: "core",
      host: "node-1.example",
      port: 2222,
    });
    expect(parseTarget("ssh://10.0.0.5")).toEqual({ user: "root", host: "10.0.0.5", port: 22 });
    expect(parseTarget("ssh://root@[::1]:22").host).toBe("::1");
  });

  it("refuses what ssh would take for an option", () => {
    for (const target of ["node", "ssh://", "ssh://-oProxyCommand=x", "ssh://-x@host", "https://host"])
      expect(() => parseTarget(target)).toThrowError(/wanted ssh:\/\/USER@HOST:PORT/u);
  });
});
