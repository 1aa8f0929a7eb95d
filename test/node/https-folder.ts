import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createReadStream, statSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import { join } from "node:path";

export interface HttpsFolder {
  readonly port: number;
  /** Paths that were asked for, oldest first. */
  readonly asked: string[];
  readonly stop: () => void;
}

/** Makes `ca.crt`, and `server.crt` and `server.key` for this machine as it and QEMU's guests call it, in a folder. */
export async function makeCertificates(folder: string): Promise<void> {
  const openssl = (...words: readonly string[]): void => {
    execFileSync("openssl", words, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  };
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl(
    "req",
    "-x509",
    ...key,
    "-days",
    "2",
    "-keyout",
    "ca.key",
    "-out",
    "ca.crt",
    "-subj",
    "/CN=test CA",
  );
  openssl("req", ...key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=repo");
  await writeFile(join(folder, "names"), "subjectAltName=IP:127.0.0.1,IP:10.0.2.2\n");
  const signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names"];
  openssl("x509", "-req", "-in", "server.csr", ...signed, "-out", "server.crt");
}

/** Serves a folder over https on loopback, with the certificate of another folder; at a free port when none is given. */
export async function serveHttps(folder: string, certificates: string, port = 0): Promise<HttpsFolder> {
  const [key, cert] = await Promise.all(
    ["server.key", "server.crt"].map((name) => readFile(join(certificates, name))),
  );
  const asked: string[] = [];
  const server = createServer({ key, cert }, (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "https://x");
    asked.push(pathname);
    const path = join(folder, pathname);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isFile() !== true) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "content-length": found.size });
    createReadStream(path).pipe(response);
  }).listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const stop = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { port: address.port, asked, stop };
}
