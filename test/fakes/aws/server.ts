import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { type VirtualClock, virtualClock } from "./clock.ts";
import { decodeRequest } from "./decode.ts";
import { encodeAnswer, encodeError, type RawAnswer } from "./encode.ts";
import { createFaults, type Faults } from "./faults.ts";
import { credentialScope, type RawRequest, readRequest, send } from "./http-message.ts";
import { loadModel } from "./model.ts";
import { perform } from "./perform-call.ts";
import type { Call, Handlers } from "./service.ts";

/** One call that was answered, for tests to look at. */
export interface LoggedCall {
  readonly service: string;
  readonly operation: string;
  readonly region: string;
  readonly account: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly code?: string;
}

export interface FakeServer {
  readonly endpoint: string;
  readonly clock: VirtualClock;
  readonly faults: Faults;
  readonly calls: LoggedCall[];
  /** Where a request or an answer differs from AWS's API models. Must be empty at the end of every test. */
  readonly violations: string[];
  /** Called before a call is carried out and after it was, before its answer is sent. */
  readonly observe: (observer: Observer | undefined) => void;
  readonly stop: () => Promise<void>;
}

type Observer = (call: LoggedCall, phase: "before" | "after") => void | Promise<void>;

interface ServerOptions {
  /** Handlers by the name that a signature's scope has (`ec2`, `ebs`, …). */
  readonly services: (clock: VirtualClock) => Readonly<Record<string, Handlers>>;
  /** Access key → account; others are account 111122223333. */
  readonly accounts?: Readonly<Record<string, string>>;
  readonly start?: number;
}

/** An HTTP server that speaks AWS's protocols and checks every request and answer against AWS's API models. */
export async function startFakeServer(options: ServerOptions): Promise<FakeServer> {
  let busy = 0;
  let serial = 0;
  let observer: Observer | undefined;
  const clock = virtualClock(options.start ?? Date.UTC(2026, 10, 22, 12), () => busy > 0);
  const faults = createFaults(clock.now);
  const calls: LoggedCall[] = [];
  const violations: string[] = [];
  const services = options.services(clock);

  const answer = async (raw: RawRequest, response: ServerResponse): Promise<void> => {
    const scope = credentialScope(raw);
    const handlers = services[scope.service];
    const model = handlers === undefined ? undefined : loadModel(scope.service);
    const requestId = `00000000-0000-4000-8000-${String(++serial).padStart(12, "0")}`;
    const decoded = model === undefined ? undefined : decodeRequest(model, raw);
    if (model === undefined || handlers === undefined || decoded === undefined) {
      const what = `${scope.service} ${raw.method} ${raw.url.pathname}`;
      violations.push(`unknown service or operation: ${what}`);
      response.writeHead(404, { "content-type": "text/plain" }).end(what);
      return;
    }
    const { operation, input } = decoded;
    const account = options.accounts?.[scope.accessKey] ?? "111122223333";
    const logged = {
      service: scope.service,
      operation: operation.name,
      region: scope.region,
      account,
      input,
    };
    await observer?.(logged, "before");
    const effect = faults.take(logged);
    const reply = (encoded: RawAnswer): void => send(response, encoded, effect);
    if (effect?.kind === "reset" || effect?.kind === "hang") {
      calls.push({ ...logged, code: effect.kind });
      if (effect.kind === "reset") response.destroy();
      return;
    }
    if (effect?.kind === "html") {
      calls.push({ ...logged, code: "html" });
      response.writeHead(effect.status, { "content-type": "text/html" }).end("<html>trouble</html>");
      return;
    }
    const call: Call = { ...logged, now: clock.now(), clock };
    const outcome = perform(model, decoded, handlers, call, effect);
    calls.push(outcome.error === undefined ? logged : { ...logged, code: outcome.error.code });
    violations.push(...outcome.violations.map((text) => `${scope.service}.${operation.name} ${text}`));
    await observer?.(logged, "after");
    if (effect?.kind === "lost") response.destroy();
    else if (outcome.error === undefined) reply(encodeAnswer(model, operation, outcome.output, requestId));
    else reply(encodeError(model, outcome.error, requestId));
  };

  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://fake");
    // Another process that shares the virtual time sleeps here.
    if (pathname === "/_fake/sleep") {
      void clock
        .sleep(Number(searchParams.get("ms")), new AbortController().signal)
        .then(() => response.end(String(clock.now())));
      return;
    }
    busy++;
    void readRequest(request)
      .then((raw) => answer(raw, response))
      .catch((error: unknown) => {
        violations.push(
          `the simulator failed: ${error instanceof Error ? (error.stack ?? "") : String(error)}`,
        );
        response.writeHead(500, { "content-type": "text/plain" }).end("the simulator failed");
      })
      .finally(() => {
        busy--;
      });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    clock,
    faults,
    calls,
    violations,
    observe: (next) => {
      observer = next;
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
