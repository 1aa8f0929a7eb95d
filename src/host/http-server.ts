import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { once } from "node:events";
import type { AddressInfo } from "node:net";

export interface ServedRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly path: string;
  readonly header: (name: string) => string | undefined;
}

export interface ServedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
}

export interface HttpServer {
  /** On the loopback address. */
  readonly port: number;
  readonly close: () => Promise<void>;
}

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

interface Address {
  readonly host: string;
  readonly port: number;
}

const anyPort: Address = { host: "127.0.0.1", port: 0 };

/**
 * Serves small answers to requests without a body; on a free port of the loopback address when none is given, and over TLS
 * with a certificate and its key (PEM).
 */
export async function serveHttp(
  answer: (request: ServedRequest) => ServedAnswer,
  address: Address = anyPort,
  tls?: Certificate,
): Promise<HttpServer> {
  const listener: RequestListener = (incoming, response) => {
    const { status, headers, body } = answer(requestOf(incoming));
    incoming.resume();
    response.writeHead(status, { "content-length": Buffer.byteLength(body), ...headers }).end(body);
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.listen(address.port, address.host);
  await once(server, "listening");
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return { port: (server.address() as AddressInfo).port, close };
}

function requestOf({ method, url, headers }: IncomingMessage): ServedRequest {
  const header = (name: string): string | undefined => {
    const value = headers[name.toLowerCase()];
    return typeof value === "string" ? value : value?.join(", ");
  };
  return { method: method ?? "GET", path: url ?? "/", header };
}
