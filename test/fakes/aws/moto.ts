import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { requirePythonTool } from "./python.ts";

export interface Moto {
  readonly endpoint: string;
  readonly stop: () => Promise<void>;
}

/** Starts moto, an independent emulator of AWS, on a free loopback port. */
export async function startMoto(more: Readonly<Record<string, string>> = {}): Promise<Moto> {
  const port = await freePort();
  const child = spawn(requirePythonTool("moto_server"), ["-H", "127.0.0.1", "-p", String(port)], {
    stdio: "ignore",
    env: { ...process.env, MOTO_EC2_LOAD_DEFAULT_AMIS: "false", ...more },
  });
  const endpoint = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  for (let tries = 0; tries < 300; tries++) {
    if (child.exitCode !== null) throw new Error(`moto_server ended with ${child.exitCode}`);
    const answer = await fetch(`${endpoint}/moto-api/`).catch(() => undefined);
    if (answer?.ok === true) return { endpoint, stop };
    await wait(100);
  }
  await stop();
  throw new Error("moto_server did not answer within 30 s");
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
