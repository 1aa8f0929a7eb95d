import { availableParallelism } from "node:os";
import {
  MessageChannel,
  type MessagePort,
  parentPort as starter,
  receiveMessageOnPort,
  Worker,
  workerData,
  type WorkerOptions,
} from "node:worker_threads";

/** A thread of this process that answers each message with one of its own, in order. */
export interface Thread {
  readonly post: (message: object) => void;
  /** The next answer; waits for it, this thread doing nothing meanwhile. */
  readonly receive: () => unknown;
  /** The next answer if there is one already. */
  readonly poll: () => unknown;
  readonly stop: () => Promise<void>;
}

interface Setup {
  readonly port: MessagePort;
  readonly answered: Int32Array;
  readonly data: unknown;
}

/** How long a thread may be silent: only one that died, or a disk that never answers, takes so long. */
const patienceMs = 10 * 60 * 1000;

/** Starts a thread that runs `module`, a file that calls {@link answerMessages}; resolves when it is ready. */
export async function startThread(module: URL, data: unknown): Promise<Thread> {
  const { port1, port2 } = new MessageChannel();
  const answered = new Int32Array(new SharedArrayBuffer(4));
  const setup: Setup = { port: port2, answered, data };
  const worker = new Worker(...entry(module, { workerData: setup, transferList: [port2] }));
  await new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error(`the thread ${module.pathname} ended`)));
  });
  const poll = (): unknown =>
    (receiveMessageOnPort(port1) as { readonly message: unknown } | undefined)?.message;
  return {
    post: (message) => port1.postMessage(message),
    poll,
    receive() {
      for (;;) {
        const seen = Atomics.load(answered, 0);
        const message = poll();
        if (message !== undefined) return message;
        if (Atomics.wait(answered, 0, seen, patienceMs) === "timed-out")
          throw new Error(`the thread ${module.pathname} does not answer`);
      }
    },
    async stop() {
      port1.close();
      await worker.terminate();
    },
  };
}

/** TypeScript sources, as in tests, are read through a loader that threads do not inherit. */
function entry(module: URL, options: WorkerOptions): [string | URL, WorkerOptions] {
  if (!module.pathname.endsWith(".ts")) return [module, options];
  const code = `import("tsx/esm/api").then(({ register }) => { register(); return import("${module.href}"); });`;
  return [code, { ...options, eval: true }];
}

/** Within a thread: answers each message by what `answer` returns. `begin` is handed what the thread was started with. */
export function answerMessages(begin: (data: unknown) => (message: unknown) => object): void {
  const { port, answered, data } = workerData as Setup;
  const answer = begin(data);
  port.on("message", (message: unknown) => {
    port.postMessage(answer(message));
    Atomics.add(answered, 0, 1);
    Atomics.notify(answered, 0);
  });
  const ready = { isReady: true };
  starter?.postMessage(ready, []);
}

/** Threads that can work at the same time. */
export function processorCount(): number {
  return availableParallelism();
}
