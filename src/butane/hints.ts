import { findSuggestion } from "../core/suggest.ts";
import type { TypeSet } from "../ignition/type-table.ts";
import type { Path } from "../ignition/value.ts";
import { butaneTypes, fcosVersions } from "./butane-types.ts";
import { messages } from "./messages.ts";

const cures: Readonly<Record<string, string>> = {
  [messages.decimalMode]: "write the mode with a leading zero, such as 0644",
  [messages.mirrorWithoutLayout]: "add layout: x86_64 (or aarch64, ppc64le) to boot_device",
  [messages.noFilesDir]: "name the folder with --files-dir DIR",
  [messages.reuseByLabel]: "give the partition its number, or set wipe_table: true on the disk",
};

/** What to do about a problem, where that is known. */
export function hintFor(message: string, path: Path, types: TypeSet): string | undefined {
  if (message.startsWith("unused key ")) return hintForKey(path, types);
  return cures[message];
}

function hintForKey(path: Path, types: TypeSet): string | undefined {
  const key = String(path.at(-1));
  const type = typeAt(path.slice(0, -1), types);
  if (type === undefined) return undefined;
  for (const [version, { minor }] of Object.entries(fcosVersions)) {
    if (minor <= types.version) continue;
    if (
      butaneTypes(minor)
        .struct(type)
        ?.some((field) => field.name === key) === true
    ) {
      return `'${key}' came with version ${version} of the variant`;
    }
  }
  const meant = findSuggestion(
    key,
    (types.struct(type) ?? []).map((field) => field.name),
  );
  return meant === undefined ? undefined : `did you mean '${meant}'?`;
}

/** The type of the struct at a path. */
function typeAt(path: Path, types: TypeSet): string | undefined {
  let type: string | undefined = "Config";
  for (const part of path) {
    if (typeof part === "number") continue;
    type = types.struct(type ?? "")?.find((field) => field.name === part)?.type;
  }
  return type;
}
