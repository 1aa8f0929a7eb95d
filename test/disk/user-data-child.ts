import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { metadataService } from "../../src/disk/metadata-service.ts";
import { serveHttp } from "../../src/host/http-server.ts";
import { requirePythonTool } from "../fakes/aws/python.ts";

/**
 * `user-data-child.ts FOLDER IGNITION NAME…`: in network and mount namespaces of its own, where the metadata service's
 * address is free to take and S3's names are ours, lets Ignition fetch each user data NAME.ud. Keeps the config as NAME.json.
 */
const [folder = "", ignition = "", ...names] = process.argv.slice(2);
const at = (name: string): string => join(folder, name);
const region = "us-east-1";
const places = ["", `.${region}`, `.dualstack.${region}`];
const hosts = places.flatMap((place) => [`s3${place}.amazonaws.com`, `launch.s3${place}.amazonaws.com`]);

execFileSync("ip", ["link", "set", "lo", "up"]);
execFileSync("ip", ["address", "add", "169.254.169.254/32", "dev", "lo"]);
writeFileSync(at("hosts"), `127.0.0.1 localhost ${hosts.join(" ")}\n`);
execFileSync("mount", ["--bind", at("hosts"), "/etc/hosts"]);
const names509 = [...hosts.map((host) => `DNS:${host}`), "IP:127.0.0.1"].join(",");
const request509 = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2".split(" ");
execFileSync(
  "openssl",
  [
    ...request509,
    "-subj",
    "/CN=S3",
    "-addext",
    `subjectAltName=${names509}`,
    "-keyout",
    at("key"),
    "-out",
    at("cert"),
  ],
  { stdio: "ignore" },
);

const tls = ["-s", "-c", at("cert"), "-k", at("key"), "-H", "127.0.0.1", "-p", "443"];
const s3 = spawn(requirePythonTool("moto_server"), tls, { stdio: "ignore" });
/** Asked by its number, where moto takes no region from the name. */
async function put(path: string, body: string): Promise<boolean> {
  const sent = request(`https://127.0.0.1${path}`, { method: "PUT", ca: readFileSync(at("cert")) }).end(body);
  try {
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    answer.resume();
    return answer.statusCode === 200;
  } catch {
    return false;
  }
}

for (let tries = 0; tries < 300 && !(await put("/launch", "")); tries++) await wait(100);
await put(readFileSync(at("config.path"), "utf8"), readFileSync(at("config.ign"), "utf8"));

const role = "meta-data/iam/security-credentials/";
const credentials = { Code: "Success", AccessKeyId: "ASIAFAKE", SecretAccessKey: "fake", Token: "fake" };
const documents = {
  [role]: "node",
  [`${role}node`]: JSON.stringify({ ...credentials, Expiration: "2099-01-01T00:00:00Z" }),
};
for (const name of names) {
  const instance = { region, instanceType: "m6i.large", documents };
  const metadata = metadataService({ ...instance, userData: readFileSync(at(`${name}.ud`)) });
  const server = await serveHttp(metadata.answer, { host: "169.254.169.254", port: 80 });
  const argv = ["-platform=aws", "-stage=fetch", "-log-to-stdout", "-fetch-timeout=20s", `-root=${folder}`];
  const files = [`-config-cache=${at(`${name}.json`)}`, `-state-file=${at(`${name}.state`)}`];
  const child = spawn(ignition, [...argv, ...files], { env: { SSL_CERT_FILE: at("cert") } });
  let log = "";
  child.stdout.on("data", (text: Buffer) => (log += text.toString()));
  child.stderr.on("data", (text: Buffer) => (log += text.toString()));
  const [exit] = (await once(child, "close")) as [number];
  await server.close();
  const result = { name, exit, log, asked: metadata.asked() };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
s3.kill("SIGKILL");
