import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { requireTool } from "../tools.ts";

export interface RealRegistry {
  /** `localhost:PORT` */
  readonly host: string;
}

interface RegistryAccess {
  /** A line of an htpasswd file with a bcrypt hash. */
  readonly htpasswd?: string;
  /** PEM files, for TLS. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

/** Debian's docker-registry on loopback, empty. It is killed when the test ends. */
export async function startDockerRegistry(
  folder: string,
  access: RegistryAccess = {},
): Promise<RealRegistry> {
  const port = await freePort();
  await mkdir(folder, { recursive: true });
  const passwords = join(folder, "htpasswd");
  if (access.htpasswd !== undefined) await writeFile(passwords, `${access.htpasswd}\n`);
  const { tls } = access;
  const config = {
    version: "0.1",
    log: { level: "error" },
    storage: { filesystem: { rootdirectory: join(folder, "data") } },
    http: {
      addr: `127.0.0.1:${port}`,
      ...(tls === undefined ? {} : { tls: { certificate: tls.certificate, key: tls.key } }),
    },
    ...(access.htpasswd === undefined ? {} : { auth: { htpasswd: { realm: "test", path: passwords } } }),
  };
  await writeFile(join(folder, "config.yml"), JSON.stringify(config));
  const child = spawn(requireTool("docker-registry"), ["serve", join(folder, "config.yml")], {
    stdio: "ignore",
  });
  onTestFinished(async () => {
    const closed = new Promise((resolve) => child.on("close", resolve));
    child.kill("SIGKILL");
    await closed;
  });
  await answering(port);
  return { host: `localhost:${port}` };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answering(port: number): Promise<void> {
  const { connect } = await import("node:net");
  for (let tries = 0; tries < 200; tries++) {
    const ok = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.on("connect", () => resolve(true));
      socket.on("error", () => resolve(false));
      socket.on("close", () => resolve(false));
      socket.on("connect", () => socket.destroy());
    });
    if (ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("docker-registry does not answer");
}
