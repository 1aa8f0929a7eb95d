import type { PlannedNode, Unit } from "./tree-plan.ts";

const folder = "/usr/lib/systemd/system";

const file = (path: string, contents: string): PlannedNode => {
  return { kind: "file", path, contents, mode: 0o644, uid: 0, gid: 0 };
};

/** A unit of a config as files and links of the image: enabled as `systemctl enable` would, masked, with its drop-ins. */
export function planUnit(unit: Unit): readonly PlannedNode[] {
  const path = `${folder}/${unit.name}`;
  const dropins = (unit.dropins ?? []).map(({ name, contents }) => file(`${path}.d/${name}`, contents ?? ""));
  if (unit.mask === true) return [{ kind: "symlink", path, target: "/dev/null" }, ...dropins];
  const own = unit.contents === undefined ? [] : [file(path, unit.contents)];
  const links = unit.enabled === true ? installLinks(unit) : [];
  const needsPreset = unit.enabled === false || (unit.enabled === true && links.length === 0);
  return [...own, ...links, ...(needsPreset ? [preset(unit)] : []), ...dropins];
}

/** The links of [Install]. A unit that another package brings has none here and is left to a preset. */
function installLinks({ name, contents = "" }: Unit): readonly PlannedNode[] {
  const values = installValues(contents);
  const into = (key: string, suffix: string): readonly PlannedNode[] =>
    (values.get(key) ?? []).map((target) => {
      return { kind: "symlink", path: `${folder}/${target}.${suffix}/${name}`, target: `../${name}` };
    });
  const aliases = (values.get("Alias") ?? []).map((alias): PlannedNode => {
    return { kind: "symlink", path: `${folder}/${alias}`, target: name };
  });
  return [...into("WantedBy", "wants"), ...into("RequiredBy", "requires"), ...aliases];
}

function installValues(contents: string): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>();
  let section = "";
  for (const line of contents.split("\n")) {
    const header = /^\[([^\]]+)\]\s*$/u.exec(line);
    const pair = /^([A-Za-z]+)\s*=(.*)$/u.exec(line);
    if (header !== null) section = header[1] ?? "";
    else if (section === "Install" && pair !== null) {
      const words = (pair[2] ?? "").trim().split(/\s+/u).filter(Boolean);
      values.set(pair[1] ?? "", [...(values.get(pair[1] ?? "") ?? []), ...words]);
    }
  }
  return values;
}

function preset({ name, enabled }: Unit): PlannedNode {
  const path = `/usr/lib/systemd/system-preset/40-igneous-${name}.preset`;
  return file(path, `${enabled === true ? "enable" : "disable"} ${name}\n`);
}
