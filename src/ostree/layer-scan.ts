import { checkSymlink, parseLayerPath, parseLinkTarget } from "../oci/layer-path.ts";
import type { Refuse, TarContent, TarEntry } from "../oci/tar-entry.ts";
import type { LayerEntry } from "./layer-entry.ts";
import { encodeDirmeta, type Metadata, type Xattr } from "./object.ts";
import type { ObjectWriter } from "./object-writer.ts";

/** Files up to this size are put into the repo in one go. */
const gatherLimit = 1 << 20;

/**
 * Turns the entries of a layer's archive into objects, as they come. An object depends on its entry alone, so that it
 * can be written before anyone knows whether a higher layer keeps it.
 */
export function createLayerScan(
  writer: ObjectWriter,
  refuse: Refuse,
): {
  readonly onEntry: (entry: TarEntry) => TarContent | undefined;
  readonly entries: readonly LayerEntry[];
} {
  const entries: LayerEntry[] = [];
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
        return receiveFile(writer, metadata, entry.size, (checksum) => {
          entries.push({ kind: "file", path: name, checksum });
        });
    }
  };
  return { onEntry, entries };
}

function receiveFile(
  writer: ObjectWriter,
  metadata: Metadata,
  size: number,
  onStored: (checksum: ReturnType<ObjectWriter["putFile"]>) => void,
): TarContent {
  if (size > gatherLimit) {
    const object = writer.openFile(metadata, size);
    return { write: object.write, end: () => onStored(object.finish()) };
  }
  const parts: Uint8Array[] = [];
  return {
    // The bytes of a hole are one buffer again and again; those of the archive are never written to.
    write: (chunk) => void parts.push(chunk),
    end() {
      const [only] = parts;
      onStored(
        writer.putFile(metadata, parts.length === 1 && only !== undefined ? only : Buffer.concat(parts)),
      );
    },
  };
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
