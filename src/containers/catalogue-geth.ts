import type { CatalogueInput } from "./catalogue.ts";
import { type ContainerEntry, users } from "./container-entry.ts";
import type { GethNetwork } from "./container-spec.ts";
import { containerEntry, pkiMount, stateMount } from "./entry-defaults.ts";

const data = "/var/lib/geth";
const defaultImage = "docker.io/ethereum/client-go:v1.16.7";

/** What each network adds. The others need a consensus client, which reaches geth by the engine API and its JWT secret. */
const networkFlags: Readonly<Record<GethNetwork, readonly string[]>> = {
  mainnet: ["--mainnet", ...engineApi()],
  sepolia: ["--sepolia", ...engineApi()],
  holesky: ["--holesky", ...engineApi()],
  hoodi: ["--hoodi", ...engineApi()],
  dev: ["--dev", "--dev.period=5", "--nodiscover", "--maxpeers=0", "--cache=128"],
};

const request = `curl --silent --max-time 20 --header 'Content-Type: application/json' --data '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}' http://127.0.0.1:8545`;

/** An Ethereum execution client with its chain in {@link data} and its API on the node's loopback. */
export function gethEntry(input: CatalogueInput): ContainerEntry {
  return containerEntry({
    name: "geth",
    description: "go-ethereum, an Ethereum execution client",
    image: input.geth.image ?? defaultImage,
    roles: ["worker"],
    command: ["geth"],
    args: [
      `--datadir=${data}`,
      ...networkFlags[input.geth.network],
      "--http",
      "--http.addr=127.0.0.1",
      "--http.port=8545",
      "--ipcdisable",
      "--metrics",
      "--metrics.addr=127.0.0.1",
      "--metrics.port=6060",
      "--verbosity=2",
    ],
    env: { HOME: data },
    mounts: [stateMount(data), pkiMount("geth")],
    state: [{ path: data }],
    user: users.geth,
    ready: `${request} | grep --quiet '"result":"0x'`,
    // A shutdown in the middle of a flush costs hours of re-synchronisation.
    stopSeconds: 300,
    checks: [{ name: "geth-block-number", command: request, expect: { contains: '"result":"0x' }, wait: 60 }],
  });
}

function engineApi(): readonly string[] {
  return ["--authrpc.addr=127.0.0.1", "--authrpc.port=8551", "--authrpc.jwtsecret=/pki/jwt.hex"];
}
