import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Server } from "node:net";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { run } from "../../src/host/exec.ts";
import { type Moto, startMoto } from "../fakes/aws/moto.ts";
import { requirePythonTool } from "../fakes/aws/python.ts";
import { temporaryFolder, testContext } from "../tools.ts";

/** igneous-join between moto, which has Systems Manager and an instance's metadata, and an API server that makes tokens. */

const libexec = resolve("node/libexec");
const parameter = "/igneous/devnet/join";
interface Sent {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}
let moto: Moto;
let recorder: Server;
let sent: Sent[] = [];
let root = "";
const servers: Server[] = [];

const portOf = (server: Server): number => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
};

beforeAll(async () => {
  moto = await startMoto();
  recorder = createServer((request, response) => {
    void (async () => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const body = Buffer.concat(parts);
      sent.push({ headers: request.headers, body: body.toString() });
      const { host: _, connection: __, ...headers } = request.headers;
      const answer = await fetch(moto.endpoint, {
        method: "POST",
        body,
        headers: headers as Record<string, string>,
      });
      response.writeHead(answer.status).end(await answer.text());
    })();
  }).listen(0, "127.0.0.1");
  await once(recorder, "listening");
  servers.push(recorder);
});

beforeEach(async () => {
  root = await temporaryFolder();
  sent = [];
  await fetch(`${moto.endpoint}/moto-api/reset`, { method: "POST" });
});

afterAll(async () => {
  for (const server of servers) server.close();
  await moto.stop();
});

async function place(path: string, contents = ""): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), contents);
}

const program = async (name: string, env: Readonly<Record<string, string>> = {}): Promise<string> => {
  const given = {
    IGNEOUS_ROOT: root,
    IGNEOUS_NODE_NAME: "node-1",
    IGNEOUS_NODE_IP: "127.0.0.1",
    IGNEOUS_JOIN_PARAMETER: parameter,
    IGNEOUS_METADATA: `${moto.endpoint}/latest`,
    IGNEOUS_SSM: `http://127.0.0.1:${portOf(recorder)}`,
    ...env,
  };
  return (await run(testContext(), [join(libexec, name)], { env: given })).stdout;
};

const read = (path: string): Promise<string> => readFile(join(root, path), "utf8");

/** Makes this machine a control plane whose API server makes tokens, and returns what the API server was sent. */
async function controlPlane(): Promise<{ readonly port: number; readonly secrets: string[] }> {
  await place("/etc/igneous/roles.d/control-plane");
  await program("igneous-node");
  const pki = (name: string): Promise<string> => read(`var/lib/igneous/pki/${name}`);
  const secrets: string[] = [];
  const tls = {
    key: await pki("kube-apiserver/server.key"),
    cert: await pki("kube-apiserver/server.crt"),
    ca: await pki("authority/ca.crt"),
    requestCert: true,
  };
  const api = createTlsServer(tls, (request, response) => {
    void (async () => {
      let body = "";
      for await (const part of request) body += String(part);
      if (request.method === "POST") secrets.push(body);
      const server = { addresses: [{ ip: "10.0.0.9" }], ports: [{ port: 6443 }] };
      response.end(request.method === "POST" ? "{}" : JSON.stringify({ subsets: [server] }));
    })();
  }).listen(0, "127.0.0.1");
  await once(api, "listening");
  servers.push(api);
  return { port: portOf(api), secrets };
}

const recompute = `
import sys, json
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
sent = json.load(sys.stdin)
given = sent["headers"]
signed = given["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
request = AWSRequest("POST", "http://" + given["host"] + "/", {name: given[name] for name in signed}, sent["body"])
request.context["timestamp"] = given["x-amz-date"]
auth = SigV4Auth(Credentials("test-key", "test-secret-key", "test-session-token"), "ssm", "us-east-1")
print(auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request))
print(";".join(signed))
`;

describe("igneous-join", () => {
  it("does nothing and asks nobody where the launch configuration names no parameter", async () => {
    await place("/etc/igneous/roles.d/worker");
    expect(await program("igneous-join", { IGNEOUS_JOIN_PARAMETER: "" })).toBe("");
    expect(sent).toEqual([]);
  });

  it("brings a worker into the cluster whose control plane put a token, with nothing else given at launch", async () => {
    const { port, secrets } = await controlPlane();
    const offered = await program("igneous-join", { IGNEOUS_API: `127.0.0.1:${port}` });
    expect(offered).toBe(`put a token for workers into ${parameter}, good for 24 h\n`);
    const secret = JSON.parse(secrets[0] ?? "{}") as { readonly stringData: Record<string, string> };
    const token = `${secret.stringData["token-id"]}.${secret.stringData["token-secret"]}`;
    expect(JSON.parse(sent[0]?.body ?? "{}")).toMatchObject({ Type: "SecureString", Overwrite: true });
    const authority = await read("var/lib/igneous/pki/authority/ca.crt");

    root = await temporaryFolder();
    await place("/etc/igneous/roles.d/worker");
    expect(await program("igneous-node")).toContain(
      `waiting for a cluster: igneous-join asks for ${parameter}`,
    );
    expect(await program("igneous-join")).toContain(`has a token from ${parameter}`);
    expect(await read("run/igneous/cluster")).toBe("");
    await expect(read("run/igneous/status")).rejects.toThrow();
    expect(await read("run/igneous/node")).toContain("API_SERVER=10.0.0.9:6443\n");
    const kubeconfig = await read("var/lib/igneous/pki/kubelet/bootstrap-kubeconfig");
    expect(kubeconfig).toContain("server: https://10.0.0.9:6443");
    expect(kubeconfig).toContain(`token: ${token}`);
    expect(await read("var/lib/igneous/pki/kubelet/ca.crt")).toBe(authority);
    expect(await program("igneous-node")).not.toContain("waiting for a cluster");
  });

  it("signs as botocore does, with every header that AWS wants signed", async () => {
    await place("/etc/igneous/roles.d/worker");
    await expect(program("igneous-join")).rejects.toThrow();
    const python = requirePythonTool("python3");
    const { stdout } = await run(testContext(), [python, "-c", recompute], {
      input: JSON.stringify(sent[0]),
    });
    const [signature, names = ""] = stdout.split("\n");
    expect(sent[0]?.headers.authorization).toContain(`Signature=${signature}`);
    expect(names.split(";")).toEqual(
      expect.arrayContaining(["host", "x-amz-date", "x-amz-security-token", "x-amz-target"]),
    );
  });

  it("says why it has no token yet, and what to do, where status shows it", async () => {
    await place("/etc/igneous/roles.d/worker");
    await program("igneous-node");
    await expect(program("igneous-join")).rejects.toMatchObject({ code: "tool-failed" });
    expect(await read("run/igneous/status")).toBe(
      `waiting for a cluster: GetParameter of ${parameter} as default-role: ParameterNotFound: Parameter ${parameter} not found.\n`,
    );
    const nowhere = { IGNEOUS_METADATA: "http://127.0.0.1:1/latest" };
    await expect(program("igneous-join", nowhere)).rejects.toMatchObject({ code: "tool-failed" });
    expect(await read("run/igneous/status")).toBe(
      "waiting for a cluster: no metadata service answers at http://127.0.0.1:1/latest\n",
    );
  });

  it("never runs what others wrote into the parameter", async () => {
    await place("/etc/igneous/roles.d/worker");
    const value =
      "IGNEOUS_API_SERVER=$(touch /tmp/owned)\nIGNEOUS_BOOTSTRAP_TOKEN=abcdef.0123456789abcdef\n`id`\n";
    await fetch(moto.endpoint, {
      method: "POST",
      headers: {
        "x-amz-target": "AmazonSSM.PutParameter",
        "content-type": "application/x-amz-json-1.1",
        authorization:
          "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/ssm/aws4_request, SignedHeaders=host, Signature=0",
      },
      body: JSON.stringify({ Name: parameter, Value: value, Type: "SecureString" }),
    });
    await expect(program("igneous-join")).rejects.toMatchObject({ code: "tool-failed" });
    expect(await read("run/igneous/status")).toContain(`${parameter} holds no token of ours`);
    await expect(read("var/lib/igneous/join/node.conf")).rejects.toThrow();
  });
});
