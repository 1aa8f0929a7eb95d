import { type Digest, digestHex } from "../core/digest.ts";
import { findText, writeWhole } from "../host/files.ts";
import { fileExists } from "../host/object-files.ts";
import { bootId } from "../host/boot-id.ts";
import type { LayerEntry } from "./layer-entry.ts";
import { type ObjectChecksum, objectChecksum } from "./object.ts";
import { objectPath, type Repo } from "./repo.ts";

/** A layer that was read, checked and stored; its entries are what composition works on. */
export interface LayerIndex {
  readonly digest: Digest;
  readonly diffId: Digest;
  /** Size of the blob. */
  readonly size: number;
  readonly entries: readonly LayerEntry[];
}

/** Changes whenever an older index must not be read any more. */
const formatVersion = 1;

/**
 * Notes beside the repo's objects that a layer is complete, so that it is never read again. Until a ref keeps the
 * layer's objects, the note holds for the running system only: after a power cut they may not be on the disk.
 */
export async function writeLayerIndex(repo: Repo, index: LayerIndex): Promise<void> {
  const body = JSON.stringify({ ...index, version: formatVersion, bootId: await bootId() });
  await writeWhole(indexPath(repo, index.digest), `${objectChecksum(Buffer.from(body))}\n${body}`);
}

/** The note of a layer, or undefined when there is none that can be relied on. */
export async function findLayerIndex(
  repo: Repo,
  digest: Digest,
  isReferenced: boolean,
): Promise<LayerIndex | undefined> {
  const text = await findText(indexPath(repo, digest), 1024 ** 3);
  if (text === undefined) return undefined;
  const body = text.slice(65);
  if (text.slice(0, 64) !== objectChecksum(Buffer.from(body))) return undefined;
  const index = JSON.parse(body) as LayerIndex & { readonly version: number; readonly bootId: string };
  if (index.version !== formatVersion || index.digest !== digest) return undefined;
  if (isReferenced) return index;
  const isWhole = index.bootId === (await bootId()) && index.entries.every((entry) => isStored(repo, entry));
  return isWhole ? index : undefined;
}

function isStored(repo: Repo, entry: LayerEntry): boolean {
  const has = (kind: "file" | "dirmeta", checksum: ObjectChecksum): boolean =>
    fileExists(objectPath(repo, kind, checksum));
  if ("checksum" in entry) return has("file", entry.checksum);
  return entry.kind !== "directory" || has("dirmeta", entry.meta);
}

export function indexFolder(repo: Repo): string {
  return `${repo.path}/extensions/igneous/layers`;
}

function indexPath(repo: Repo, digest: Digest): string {
  return `${indexFolder(repo)}/${digestHex(digest)}.json`;
}
