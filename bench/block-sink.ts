import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * `block-sink.ts`: an endpoint of the EBS direct APIs that takes blocks and forgets them, so that what is measured is the
 * client. It counts the bytes of each block, and no more; the tests have an endpoint that checks every digest. Prints its
 * endpoint; ends with its stdin.
 */
const blockSize = 524_288;

function answer(response: ServerResponse, status: number, body: object, headers: object = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

function reply(request: IncomingMessage, response: ServerResponse, received: number): void {
  const { pathname } = new URL(request.url ?? "/", "http://sink");
  if (request.method === "POST" && pathname === "/snapshots") {
    const SnapshotId = "snap-0123456789abcdef0";
    answer(response, 201, { SnapshotId, Status: "pending", VolumeSize: 8, BlockSize: blockSize });
    return;
  }
  if (pathname.startsWith("/snapshots/completion/")) {
    answer(response, 202, { Status: "completed" });
    return;
  }
  const whole = received === blockSize && request.headers["x-amz-checksum"] !== undefined;
  if (!whole) answer(response, 400, { message: `a block of ${received} bytes` });
  else {
    const digest = String(request.headers["x-amz-checksum"]);
    answer(response, 201, {}, { "x-amz-checksum": digest, "x-amz-checksum-algorithm": "SHA256" });
  }
}

const server = createServer((request, response) => {
  let received = 0;
  request.on("data", (chunk: Buffer) => (received += chunk.length));
  request.on("end", () => reply(request, response, received));
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
process.stdin.on("end", () => process.exit(0)).resume();
