import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { Json } from "../core/json.ts";

/** QEMU's control protocol. https://www.qemu.org/docs/master/interop/qmp-spec.html */
export interface Qmp {
  /** Sends a command and gives what it returns. Rejects when QEMU refuses it or has gone. */
  readonly command: (name: string, parameters?: Readonly<Record<string, Json>>) => Promise<unknown>;
}

interface Message {
  readonly QMP?: unknown;
  readonly id?: number;
  readonly return?: unknown;
  readonly error?: { readonly desc?: string };
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Speaks QMP over the two streams of a QEMU; `onEvent` is told each event's name. */
export function openQmp(output: Readable, input: Writable, onEvent: (event: string) => void): Qmp {
  const pending = new Map<number, Pending>();
  let last = 0;
  let greeted: () => void = () => undefined;
  const greeting = new Promise<void>((resolve) => {
    greeted = resolve;
  });
  const send = (name: string, parameters: Readonly<Record<string, Json>> | undefined): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const id = ++last;
      pending.set(id, { resolve, reject });
      const text = JSON.stringify({ execute: name, ...(parameters ? { arguments: parameters } : {}), id });
      input.write(`${text}\n`);
    });
  const lines = createInterface({ input: output });
  lines.on("line", (line) => {
    const message = JSON.parse(line) as Message & { readonly event?: string };
    if (message.QMP !== undefined) greeted();
    if (message.event !== undefined) onEvent(message.event);
    const waiting = message.id === undefined ? undefined : pending.get(message.id);
    if (waiting === undefined || message.id === undefined) return;
    pending.delete(message.id);
    if (message.error === undefined) waiting.resolve(message.return);
    else waiting.reject(new Error(`QEMU refused a command: ${message.error.desc ?? "no reason given"}`));
  });
  lines.on("close", () => {
    for (const { reject } of pending.values()) reject(new Error("QEMU has ended"));
    pending.clear();
  });
  const ready = greeting.then(() => send("qmp_capabilities", undefined));
  ready.catch(() => undefined);
  return { command: (name, parameters) => ready.then(() => send(name, parameters)) };
}
