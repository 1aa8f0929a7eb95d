import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { digestHex, digestOf } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { run } from "../host/exec.ts";
import { sizeOf, writeAtomic } from "../host/files.ts";
import { ensureFolder } from "../host/folders.ts";
import { needTool } from "../host/tools.ts";
import { type AptProxies, aptProxies } from "./apt-proxies.ts";
import type { Archive } from "./archive.ts";

/** An apt of our own: its lists, its empty package database, its sources. The machine's own apt is neither read nor changed. */
export interface PrivateApt {
  readonly folder: string;
  readonly archive: Archive;
  readonly env: Readonly<Record<string, string>>;
}

const defaultKeyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** Prepares an apt that knows the suite, its updates and its security updates, and trusts only Debian's archive keys. */
export async function openApt(context: Context, archive: Archive, suite: string): Promise<PrivateApt> {
  needTool(context, "apt-get");
  const keyring = context.env["IGNEOUS_DEB_KEYRING"] ?? defaultKeyring;
  if ((await sizeOf(keyring)) === undefined) {
    throw new IgneousError("archive-untrusted", `there is no keyring of Debian's archive at ${keyring}`, {
      hint: "run: apt-get install debian-archive-keyring",
    });
  }
  const sources = renderSources(archive, suite, keyring);
  const folder = join(context.cacheDir, "apt", digestHex(digestOf(sources)).slice(0, 16));
  for (const part of [
    "etc/apt/apt.conf.d",
    "etc/apt/preferences.d",
    "lists/partial",
    "cache/archives/partial",
  ]) {
    await ensureFolder(join(folder, part));
  }
  const config = join(folder, "apt.conf");
  await writeAtomic(join(folder, "etc/apt/sources.list.d/igneous.sources"), sources);
  await writeAtomic(join(folder, "status"), "");
  await writeAtomic(config, renderConfig(folder, await aptProxies(context)));
  return { folder, archive, env: { APT_CONFIG: config, LC_ALL: "C.UTF-8" } };
}

function renderSources({ main, security }: Archive, suite: string, keyring: string): string {
  const stanza = (uri: string, suites: string): string => {
    // The files of an archive's snapshot are for ever older than their own end of validity.
    const checked = /\d{8}T\d{6}Z/u.test(uri) ? "Check-Valid-Until: no\n" : "";
    return `Types: deb\nURIs: ${uri}/\nSuites: ${suites}\nComponents: main\nSigned-By: ${keyring}\n${checked}`;
  };
  const all = [stanza(main, `${suite} ${suite}-updates`)];
  if (security !== undefined) all.push(stanza(security, `${suite}-security`));
  return all.join("\n");
}

function renderConfig(folder: string, proxies: AptProxies): string {
  return `Dir "${folder}/";
Dir::Etc "etc/apt";
Dir::State "${folder}";
Dir::State::status "${folder}/status";
Dir::State::extended_states "${folder}/extended_states";
Dir::Cache "cache";
Dir::Log "${folder}";
APT::Architecture "amd64";
APT::Architectures "amd64";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::ForceHash "SHA256";
Acquire::Retries "2";
Debug::NoLocking "true";
pkgCacheGen::ForceEssential ",";
${Object.entries(proxies)
  .map(([scheme, proxy]) => `Acquire::${scheme}::Proxy "${proxy}";\n`)
  .join("")}`;
}

/** Brings the index up to date. apt itself checks the signature of each InRelease and the hash of each file that it names. */
export async function updateIndex(context: Context, apt: PrivateApt): Promise<void> {
  const { exit, stderr } = await run(context, ["apt-get", "update", "-q"], {
    env: apt.env,
    okExits: [0, 100],
  });
  if (exit === 0) return;
  const words = aptWords(stderr);
  if (words.includes("No space left on device")) {
    throw new IgneousError(
      "disk-full",
      `no room left for the index of ${apt.archive.main} in ${apt.folder}`,
      {
        hint: "free about 100 MB there and run the same command again",
      },
    );
  }
  if (
    /Hash Sum mismatch|unexpected size|NO_PUBKEY|BADSIG|EXPKEYSIG|REVKEYSIG|not signed|signature|Missing key|is expired|not valid/iu.test(
      words,
    )
  ) {
    throw new IgneousError(
      "archive-untrusted",
      `the index of ${apt.archive.main} is not to be trusted\n${words}`,
      {
        hint: "run: apt-get update && apt-get install debian-archive-keyring, or name another mirror in IGNEOUS_DEB_MIRROR",
      },
    );
  }
  throw new IgneousError(
    "archive-unreachable",
    `the index of ${apt.archive.main} cannot be fetched\n${words}`,
    {
      hint: "check the network, or name another mirror: export IGNEOUS_DEB_MIRROR=http://MIRROR/debian",
    },
  );
}

/** apt's errors and warnings, without its progress. */
export function aptWords(stderr: string): string {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "");
  return Array.from(new Set(lines)).slice(-20).join("\n");
}
