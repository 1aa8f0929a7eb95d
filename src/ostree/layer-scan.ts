import { checkSymlink, parseLayerPath, parseLinkTarget } from "../oci/layer-path.ts";
import type { Refuse, TarContent, TarEntry } from "../oci/tar-entry.ts";
import type { LayerEntry } from "./layer-entry.ts";
import type { FileSink } from "./file-sink.ts";
import { encodeDirmeta, type Metadata, type ObjectChecksum, type Xattr } from "./object.ts";
import type { ObjectWriter } from "./object-writer.ts";

const unknown = "" as ObjectChecksum;

/**
 * Turns the entries of a layer's archive into objects, as they come. An object depends on its entry alone, so that it
 * can be written before anyone knows whether a higher layer keeps it.
 */
export function createLayerScan(
  writer: ObjectWriter,
  sink: FileSink,
  refuse: Refuse,
): {
  readonly onEntry: (entry: TarEntry) => TarContent | undefined;
  /** To be read when the sink is settled. */
  readonly entries: readonly LayerEntry[];
} {
  const entries: LayerEntry[] = [];
  /** The checksum comes later, when the file's place among the entries is long taken. */
  const receiveFile = (path: string, metadata: Metadata, size: number): TarContent => {
    const place = entries.push({ kind: "file", path, checksum: unknown }) - 1;
    return sink.putFile(metadata, size, (checksum) => {
      entries[place] = { kind: "file", path, checksum };
    });
  };
  const onEntry = (entry: TarEntry): TarContent | undefined => {
    const path = parseLayerPath(entry.path, refuse);
    if (path.kind === "ignored") return undefined;
    const name = path.parts.join("/");
    const metadata = metadataOf(entry, refuse);
    if (path.kind !== "entry") {
      const mark = writer.putFile({ ...metadata, xattrs: [] }, new Uint8Array(0));
      entries.push({ kind: path.kind, path: name, checksum: mark });
      return undefined;
    }
    switch (entry.kind) {
      case "directory":
        entries.push({
          kind: "directory",
          path: name,
          meta: writer.putMetadata("dirmeta", encodeDirmeta(metadata)),
        });
        return undefined;
      case "symlink": {
        checkSymlink(path.parts, entry.linkTarget, entry.path, refuse);
        const checksum = writer.putSymlink({ ...metadata, mode: 0o777, target: entry.linkTarget });
        entries.push({ kind: "symlink", path: name, checksum });
        return undefined;
      }
      case "hardlink": {
        const target = parseLinkTarget(entry.path, entry.linkTarget, refuse).join("/");
        entries.push({ kind: "hardlink", path: name, target });
        return undefined;
      }
      case "device":
        entries.push({ kind: "dropped", path: name });
        return undefined;
      default:
        return receiveFile(name, metadata, entry.size);
    }
  };
  return { onEntry, entries };
}

function metadataOf(entry: TarEntry, refuse: Refuse): Metadata {
  return { uid: entry.uid, gid: entry.gid, mode: entry.mode, xattrs: keptXattrs(entry, refuse) };
}

/**
 * SELinux labels of the machine that built the image mean nothing to the one that runs it. An attribute without a value
 * cannot be kept: a bare repo reads it back as none at all, and `ostree fsck` calls the file corrupt.
 */
function keptXattrs({ xattrs, path }: TarEntry, refuse: Refuse): readonly Xattr[] {
  for (const { name, value } of xattrs) {
    if (Buffer.byteLength(name) > 255 || value.length > 65_536)
      throw refuse(path, `its attribute '${name}' is too large`);
    if (name.includes("\0") || !name.includes("."))
      throw refuse(path, `its attribute '${name}' has no valid name`);
  }
  return xattrs.filter(({ name, value }) => name !== "security.selinux" && value.length > 0);
}
