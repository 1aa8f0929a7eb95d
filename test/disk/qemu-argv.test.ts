import { describe, expect, it } from "vitest";
import { type MachinePlan, qemuArgv } from "../../src/disk/qemu-argv.ts";

const plan: MachinePlan = {
  accelerator: "tcg",
  memoryBytes: 2 * 2 ** 30,
  cpus: 2,
  overlay: "/work/a,b/overlay.qcow2",
  firmware: { code: "/fw/code", variables: "/fw/vars" },
  serialLog: "/work/serial.log",
  forwards: [
    { host: 0, guest: 22 },
    { host: 8545, guest: 8545 },
  ],
};

const text = (change: Partial<MachinePlan>): string => qemuArgv({ ...plan, ...change }).join(" ");

describe("qemuArgv", () => {
  it("a comma in a path does not start another option", () => {
    expect(text({})).toContain("file=/work/a,,b/overlay.qcow2");
  });

  it("an emulated CPU has neither Meltdown nor a broken cmpxchg16b, and KVM passes the real one through", () => {
    expect(text({})).toContain("-accel tcg,thread=multi -cpu EPYC,-cx16");
    expect(text({ accelerator: "kvm" })).toContain("-accel kvm -cpu host");
  });

  it("ports are forwarded from the loopback address only", () => {
    expect(text({})).toContain("hostfwd=tcp:127.0.0.1:0-:22,hostfwd=tcp:127.0.0.1:8545-:8545");
    expect(text({})).not.toContain("0.0.0.0");
  });

  it("the key of the check comes as a credential and not through Ignition", () => {
    const found = /ssh\.authorized_keys\.root=(\S+)/u.exec(
      text({ rootKey: "ssh-ed25519 AAAA x", ignition: "/i" }),
    );
    expect(Buffer.from(found?.[1] ?? "", "base64").toString()).toBe("ssh-ed25519 AAAA x\n");
    expect(text({ ignition: "/i" })).toContain("-fw_cfg name=opt/com.coreos/config,file=/i");
  });

  it("two machines are joined by a cable on the loopback address", () => {
    const link = { end: "connect", port: 4001, mac: "52:54:00:00:00:02" } as const;
    expect(text({ link })).toContain("socket,id=link,connect=127.0.0.1:4001");
    expect(text({ link })).toContain("netdev=link,mac=52:54:00:00:00:02");
    expect(text({})).not.toContain("socket");
  });

  it("a console takes keys over a socket, keeps its log, and is the only one that logs root in unasked", () => {
    const typed = text({ console: "/tmp/c/s" });
    expect(typed).toContain("socket,id=serial,path=/tmp/c/s,server=on,wait=off,logfile=/work/serial.log");
    expect(typed).toContain("agetty.autologin=root");
    expect(typed).toContain("login.noauth=yes");
    expect(text({})).not.toContain("autologin");
  });

  it("an EC2-like machine has an NVMe disk, Amazon's firmware strings and only the metadata service as network", () => {
    const ec2 = text({ ec2: { metadataPort: 1338 } });
    expect(ec2).toContain("nvme,drive=root");
    expect(ec2).toContain("manufacturer=Amazon EC2");
    expect(ec2).toContain("restrict=on");
    expect(ec2).toContain("guestfwd=tcp:169.254.169.254:80-cmd:socat - TCP:127.0.0.1:1338");
    expect(text({})).not.toContain("Amazon");
  });

  it("an EC2-like machine whose user data lies in S3 finds S3's names and certificate where Ignition runs", () => {
    const store = { port: 1339, hosts: ["s3.amazonaws.com", "launch.s3.amazonaws.com"], certificate: "PEM" };
    const ec2 = text({ ec2: { metadataPort: 1338, store } });
    expect(ec2).toContain("guestfwd=tcp:169.254.169.253:443-cmd:socat - TCP:127.0.0.1:1339");
    const found = /tmpfiles\.extra=(\S+)/u.exec(ec2);
    const lines = Buffer.from(found?.[1] ?? "", "base64")
      .toString()
      .trim()
      .split("\n");
    const files = lines
      .map((line) => line.split(" "))
      .map((words) => [words[1], words.at(-1) ?? ""] as const);
    expect(files.map(([path, text64]) => [path, Buffer.from(text64, "base64").toString()])).toEqual([
      ["/etc/hosts", "127.0.0.1 localhost\n169.254.169.253 s3.amazonaws.com launch.s3.amazonaws.com\n"],
      ["/etc/ssl/certs/igneous-boot-check.pem", "PEM"],
    ]);
  });
});
