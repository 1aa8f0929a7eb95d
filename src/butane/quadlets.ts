import { joinPath } from "../ignition/go-path.ts";
import { textToBytes } from "../core/byte-text.ts";
import { isTrue, part, parts, type Path, type Struct, text } from "../ignition/value.ts";
import { encodeContents } from "./data-url.ts";
import { messages } from "./messages.ts";
import { addNode, type FoundNode, nodeExists, type NodeList, type Nodes, trackNodes } from "./nodes.ts";
import { templateOfInstance } from "./quadlet-names.ts";
import { readLocal } from "./sugar.ts";
import type { Translating } from "./translate.ts";
import { addFromCommonSource, addTranslation } from "./translations.ts";

/** Turns quadlets into the files and links that podman reads. */
export function addQuadlets(translating: Translating, source: Struct, config: Struct): void {
  const quadlets = parts(part(source, "systemd"), "quadlets");
  if (quadlets.length === 0) return;
  const nodes = trackNodes(config, translating.target);
  addTranslation(translating.translations, ["systemd", "quadlets"], ["storage"]);
  for (const [index, quadlet] of quadlets.entries()) {
    const at = ["systemd", "quadlets", index];
    const path = quadletPath(quadlet);
    const template = templateOfInstance(text(quadlet, "name"));
    if (template === undefined) addContents(translating, nodes, quadlet, path, at);
    else addInstance(translating, nodes, template, path, at);
    for (const [position, dropin] of parts(quadlet, "dropins").entries()) {
      const dropinPath = `${path}.d/${text(dropin, "name")}`;
      addContents(translating, nodes, dropin, dropinPath, [...at, "dropins", position]);
    }
  }
}

function quadletPath(quadlet: Struct): string {
  const folder = isTrue(quadlet, "rootful") ? "/etc/containers/systemd" : "/etc/containers/systemd/users";
  return joinPath(folder, text(quadlet, "name"));
}

function newNode(
  { translating, nodes, at }: { translating: Translating; nodes: Nodes; at: Path },
  list: NodeList,
  fields: Struct,
): FoundNode | undefined {
  const { translations, find } = translating;
  if (nodeExists(nodes, text(fields, "path"))) {
    find.error(at, messages.nodeExists);
    return undefined;
  }
  const found = addNode(nodes, list, fields);
  const to = ["storage", list, found.index];
  if (found.index === 0) addTranslation(translations, at, ["storage", list]);
  addFromCommonSource(translations, at, to);
  addTranslation(translations, [...at, "name"], [...to, "path"]);
  return found;
}

function addInstance(translating: Translating, nodes: Nodes, template: string, path: string, at: Path): void {
  const link = newNode({ translating, nodes, at }, "links", { path, target: template });
  if (link === undefined) return;
  addTranslation(translating.translations, at, ["storage", "links", link.index, "target"]);
}

function addContents(translating: Translating, nodes: Nodes, from: Struct, path: string, at: Path): void {
  const file = newNode({ translating, nodes, at }, "files", { path });
  if (file === undefined) return;
  const { translations } = translating;
  const local = text(from, "contents_local");
  const inline = text(from, "contents");
  const bytes = local === "" ? textToBytes(inline) : readLocal(translating, local, [...at, "contents_local"]);
  if (bytes === undefined) return;
  const contentsAt = inline !== "" ? [...at, "contents"] : local !== "" ? [...at, "contents_local"] : [];
  const { url, compression } = encodeContents(inline === "" ? bytes : textToBytes(inline), undefined);
  const to = ["storage", "files", file.index];
  const contents = part(file.node, "contents");
  contents["source"] = url;
  contents["compression"] = compression;
  addTranslation(translations, contentsAt, [...to, "contents", "source"]);
  addTranslation(translations, at, [...to, "contents", "compression"]);
  addTranslation(translations, contentsAt, [...to, "contents"]);
  file.node["mode"] = 0o644n;
  addTranslation(translations, at, [...to, "mode"]);
}
