import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { run } from "../host/exec.ts";
import { readText } from "../host/files.ts";
import { type Certificate, type HttpServer, serveHttp } from "../host/http-server.ts";
import { needTool } from "../host/tools.ts";
import { metadataService } from "./metadata-service.ts";
import { objectStore, type StoredObject, storeHosts } from "./object-store.ts";
import type { Ec2Surroundings } from "./qemu-argv.ts";

/** User data as a launch template holds it, and the object in S3 that it points to when EC2 could not take the whole. */
export interface LaunchUserData {
  readonly base64: string;
  readonly object?: StoredObject;
}

interface Surroundings {
  readonly ec2: Ec2Surroundings;
  /** What the machine asked of its metadata service and of S3, in order. */
  readonly asked: () => readonly string[];
  readonly close: () => Promise<void>;
}

const instance = { region: "eu-central-1", instanceType: "m6i.large" } as const;
const accessKey = "ASIAIGNEOUSBOOTCHECK";
const role = "meta-data/iam/security-credentials/";

/** Serves, on this machine only, what an EC2 instance with this user data finds around it. `folder` takes throwaway keys. */
export async function surroundEc2(
  context: Context,
  folder: string,
  { base64, object }: LaunchUserData,
): Promise<Surroundings> {
  needTool(context, "socat");
  const userData = Buffer.from(base64, "base64");
  const documents = object === undefined ? {} : roleDocuments;
  const metadata = metadataService({ ...instance, userData, documents });
  const servers: HttpServer[] = [];
  const close = async (): Promise<void> => {
    for (const server of servers) await server.close();
  };
  try {
    const server = await serveHttp(metadata.answer);
    servers.push(server);
    if (object === undefined) return { ec2: { metadataPort: server.port }, asked: metadata.asked, close };
    const hosts = storeHosts(object.bucket, instance.region);
    const tls = await makeCertificate(context, folder, hosts);
    const store = objectStore(object, instance.region, accessKey);
    const stored = await serveHttp(store.answer, undefined, tls);
    servers.push(stored);
    return {
      ec2: { metadataPort: server.port, store: { port: stored.port, hosts, certificate: tls.cert } },
      asked: () => [...metadata.asked(), ...store.asked()],
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const credentials = { Code: "Success", Type: "AWS-HMAC", AccessKeyId: accessKey };
const roleDocuments = {
  [role]: "node",
  [`${role}node`]: JSON.stringify({
    ...credentials,
    SecretAccessKey: "no secret",
    Token: "no token",
    Expiration: "2099-01-01T00:00:00Z",
  }),
};

async function makeCertificate(
  context: Context,
  folder: string,
  hosts: readonly string[],
): Promise<Certificate> {
  const names = hosts.map((host) => `DNS:${host}`).join(",");
  const [cert, key] = [join(folder, "store.crt"), join(folder, "store.key")];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "2"];
  const subject = ["-subj", "/CN=S3 of a boot check", "-addext", `subjectAltName=${names}`];
  await run(context, [
    needTool(context, "openssl"),
    "req",
    "-x509",
    ...kind,
    ...subject,
    "-keyout",
    key,
    "-out",
    cert,
  ]);
  return { cert: await readText(cert), key: await readText(key) };
}
