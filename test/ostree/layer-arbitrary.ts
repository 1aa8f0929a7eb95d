import fc from "fast-check";
import { type FakeLayer, gzipLayer } from "../fakes/oci-image.ts";
import { rawEntry, rawTar } from "../fakes/raw-tar.ts";
import type { NaiveEntry } from "./naive-layers.ts";

const name = fc.constantFrom("a", "b", "c");
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));

const entry: fc.Arbitrary<NaiveEntry> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("file" as const),
      path,
      content: fc.constantFrom("", "x", "yy"),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("directory" as const),
      path,
      mode: fc.constantFrom(0o755, 0o700, 0o1777),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("symlink" as const), path, target: fc.constantFrom("a", "/b") }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("hardlink" as const), path, target: path }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("whiteout" as const), path }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("opaque" as const), path }) },
);

export const arbitraryLayers: fc.Arbitrary<readonly (readonly NaiveEntry[])[]> = fc.array(
  fc.array(entry, { minLength: 1, maxLength: 8 }),
  { minLength: 1, maxLength: 4 },
);

/** The entries as an archive. */
export function layerOf(entries: readonly NaiveEntry[]): FakeLayer {
  return gzipLayer(rawTar(...entries.map(entryBytes)));
}

function entryBytes(entry: NaiveEntry): Buffer {
  const { path } = entry;
  switch (entry.kind) {
    case "file":
      return rawEntry({ name: path }, entry.content);
    case "directory":
      return rawEntry({
        name: `./${path}/`,
        type: "5",
        mode: `${entry.mode.toString(8).padStart(7, "0")}\0`,
      });
    case "symlink":
      return rawEntry({ name: path, type: "2", link: entry.target });
    case "hardlink":
      return rawEntry({ name: path, type: "1", link: entry.target });
    case "whiteout":
      return rawEntry({ name: path.replace(/([^/]+)$/u, ".wh.$1") });
    default:
      return rawEntry({ name: `/${path}/.wh..wh..opq` });
  }
}
