import { quoteGo } from "../core/byte-text.ts";
import { extensionOf } from "./go-path.ts";
import { type Rule } from "./rules-common.ts";
import { type ParsedUnit, parseUnit } from "./unit-file.ts";
import { below, findString, isTrue, part, parts, text } from "./value.ts";

const unitExtensions = new Set(
  "service socket device mount automount swap target path timer snapshot slice scope"
    .split(" ")
    .map((name) => `.${name}`),
);

const unit: Rule = (struct, path, find) => {
  const name = text(struct, "name");
  const known = unitExtensions.has(extensionOf(name));
  find.error(path, known ? undefined : "invalid systemd unit extension", "name");
  const parsed = parseUnit(text(struct, "contents"));
  const at = below(path, "contents");
  find.error(at, contentProblem(parsed));
  if (!isTrue(struct, "enabled") || text(struct, "contents") === "") return;
  if ("problem" in parsed || hasInstall(parsed)) return;
  find.warn(at, `unit ${quoteGo(name)} is enabled, but has no install section so enable does nothing`);
};

const dropin: Rule = (struct, path, find) => {
  find.error(path, contentProblem(parseUnit(text(struct, "contents"))), "contents");
  const known = extensionOf(text(struct, "name")) === ".conf";
  find.error(path, known ? undefined : "invalid systemd drop-in extension", "name");
};

function contentProblem(parsed: ParsedUnit): string | undefined {
  return "problem" in parsed ? `invalid unit content: ${parsed.problem}` : undefined;
}

function hasInstall(parsed: ParsedUnit): boolean {
  return "options" in parsed && parsed.options.some((option) => option.section === "Install");
}

const systemd: Rule = (struct, path, find) => {
  const units = parts(struct, "units");
  const byName = new Map(units.map((item) => [text(item, "name"), item]));
  for (const [index, instance] of units.entries()) {
    const name = text(instance, "name");
    const prefix = /^([^\n]+?)@[^\n]+?\.service$/u.exec(name)?.[1];
    if (prefix === undefined || !isTrue(instance, "enabled")) continue;
    const template = `${prefix}@.service`;
    const contents = text(byName.get(template) ?? {}, "contents");
    const parsed = parseUnit(contents);
    if (contents === "" || "problem" in parsed || hasInstall(parsed)) continue;
    find.warn(
      path,
      `template unit ${quoteGo(template)} for ${quoteGo(name)} doesn't have Install section`,
      "units",
      index,
      "contents",
    );
  }
};

const config: Rule = (struct, path, find) => {
  const folder = "/etc/systemd/system/";
  const taken = new Set<string>();
  for (const item of parts(part(struct, "systemd"), "units")) {
    const name = text(item, "name");
    if (text(item, "contents") !== "") taken.add(folder + name);
    for (const dropinItem of parts(item, "dropins")) {
      if (text(dropinItem, "contents") !== "") taken.add(`${folder}${name}.d/${text(dropinItem, "name")}`);
    }
  }
  for (const field of ["files", "directories", "links"]) {
    for (const [index, node] of parts(part(struct, "storage"), field).entries()) {
      const conflict = taken.has(findString(node, "path") ?? "");
      find.error(
        path,
        conflict ? "path conflicts with systemd unit or dropin" : undefined,
        "storage",
        field,
        index,
        "path",
      );
    }
  }
};

/** Rules about units, and about files in their place. */
export const systemdRules: Readonly<Record<string, Rule>> = {
  Config: config,
  Dropin: dropin,
  Systemd: systemd,
  Unit: unit,
};
