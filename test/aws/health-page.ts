import { once } from "node:events";
import { createServer } from "node:http";
import { onTestFinished } from "vitest";

/** A health page that every node seems to have; answers with the status that is set. */
export async function healthPage(): Promise<{ readonly http: string; status: number }> {
  const page = { http: "", status: 200 };
  const server = createServer((_request, response) => response.writeHead(page.status).end("ok"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  page.http = `http://{address}:${typeof address === "object" ? address?.port : 0}/healthz`;
  return page;
}
