import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** moto tells the size of blocks in KiB, where EBS tells bytes, which coldsnap checks. A proxy that tells bytes; gives its endpoint. */
export async function motoWithBlockSize(
  endpoint: string,
): Promise<{ readonly endpoint: string; readonly stop: () => void }> {
  const { hostname, port } = new URL(endpoint);
  const relay = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method, url: path, headers } = incoming;
    const onward = request({ hostname, port, method, path, headers });
    incoming.pipe(onward);
    const [answer] = (await once(onward, "response")) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    const whole = Buffer.concat(chunks);
    const isList = /\/blocks(?:\?|$)/u.test(path ?? "") && method === "GET";
    const told = /("BlockSize": ?)512\b/u;
    const body = isList ? Buffer.from(whole.toString("utf8").replace(told, "$1524288")) : whole;
    const { "transfer-encoding": _chunked, ...kept } = answer.headers;
    response.writeHead(answer.statusCode ?? 502, { ...kept, "content-length": body.length }).end(body);
  };
  const server = createServer((incoming, response) => void relay(incoming, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop };
}
