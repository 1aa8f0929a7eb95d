import { type Command, InvalidArgumentError } from "commander";
import { withOutputOptions } from "./command-options.ts";
import { IgneousError } from "../core/errors.ts";
import type { Io, OutputOptions } from "./io.ts";
import { runCommand } from "./run-command.ts";

interface Options extends OutputOptions {
  readonly host?: string;
  readonly hours: number;
  readonly key?: string;
  readonly knownHosts?: string;
}

export function addTokenCommand(program: Command, io: Io): void {
  const command = program
    .command("token")
    .summary("make a token with which a worker joins a cluster")
    .description(
      "Has a control-plane node make a bootstrap token, and prints the variables of butane/launch.bu.hbs with which a\n" +
        "worker joins that node's cluster. The token is a secret: keep it out of files that are committed.",
    )
    .option("--host <target>", "a control-plane node: ssh://USER@HOST:PORT; must be given")
    .option("--hours <n>", "how long it is good for", wholeHours, 24)
    .option("--key <file>", "private key for ssh")
    .option("--known-hosts <file>", "host keys to believe (default: your own)");
  withOutputOptions(command).action(async (options: Options) => {
    await runCommand(io, options, async (context) => {
      const { makeToken } = await import("../commands/token.ts");
      const { host, hours, key, knownHosts } = options;
      if (host === undefined) {
        throw new IgneousError("usage", "no control-plane node was named", {
          hint: "say which one makes the token: igneous token --host ssh://core@HOST",
        });
      }
      const join = await makeToken(context, { host, hours, key, knownHosts });
      const lines = [
        "roles: [worker]",
        "nodeConfig:",
        ...join.nodeConfig.map((line) => `  - ${line}`),
        "clusterCa: |",
        ...join.clusterCa
          .trim()
          .split("\n")
          .map((line) => `  ${line}`),
      ];
      return { data: join, text: () => `${lines.join("\n")}\n` };
    });
  });
}

function wholeHours(text: string): number {
  if (!/^[1-9]\d{0,4}$/u.test(text)) throw new InvalidArgumentError("wanted a whole number of hours");
  return Number(text);
}
