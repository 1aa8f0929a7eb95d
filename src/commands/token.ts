import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { runStep } from "../core/step.ts";
import { connectGuest, finalRefusal, type GuestAddress } from "../disk/guest.ts";
import { parseTarget } from "../disk/rollback-host.ts";

export interface TokenOptions {
  /** A control-plane node: `ssh://user@host:port` */
  readonly host: string;
  readonly hours: number;
  /** Private key file; ssh's own choice when not given. */
  readonly key: string | undefined;
  /** File with the host keys to believe, instead of the user's own. */
  readonly knownHosts?: string | undefined;
}

/** What a worker's launch configuration needs to join the cluster. */
export interface JoinConfiguration {
  /** Lines of /etc/igneous/node.conf. */
  readonly nodeConfig: readonly string[];
  /** Certificate of the cluster, for /etc/igneous/ca.crt. */
  readonly clusterCa: string;
}

const loginMs = 120_000;
const answerMs = 180_000;

/** Has a control-plane node make a bootstrap token. The token is secret: it is in the result and nowhere else. */
export async function makeToken(context: Context, options: TokenOptions): Promise<JoinConfiguration> {
  const { host, hours, key, knownHosts } = options;
  const address: GuestAddress = {
    ...parseTarget(host),
    ...(key === undefined ? {} : { key }),
    ...(knownHosts === undefined ? {} : { knownHosts }),
  };
  return runStep(context, "token", `make a token on ${address.host}`, async () => {
    const guest = await connectGuest(context, address, loginMs, finalRefusal);
    try {
      const sudo = address.user === "root" ? "" : "sudo -n ";
      const asked = await guest.run(`${sudo}/usr/libexec/igneous/igneous-token ${hours}`, answerMs);
      if (asked.exit === 0) return { value: parseJoin(asked.stdout) };
      const said = asked.stderr.trim().split("\n").at(-1) ?? "";
      throw new IgneousError("token-refused", `${address.host} made no token: ${said}`, {
        hint: "name a control-plane node whose API server answers; see there: igneous-host status",
      });
    } finally {
      await guest.close();
    }
  });
}

/** Reads what igneous-token prints: lines of node.conf, then the certificate. */
export function parseJoin(text: string): JoinConfiguration {
  const at = text.indexOf("-----BEGIN CERTIFICATE-----");
  const nodeConfig = text.slice(0, at).trim().split("\n");
  if (at === -1 || !nodeConfig.every((line) => /^IGNEOUS_[A-Z_]+=\S+$/u.test(line))) {
    throw new Error("igneous-token printed something else than a token and a certificate");
  }
  return { nodeConfig, clusterCa: text.slice(at) };
}
