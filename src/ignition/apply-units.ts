import type { IgnitionUnit } from "./config.ts";
import type { PlannedNode } from "./tree-plan.ts";

const folder = "/usr/lib/systemd/system";

const file = (path: string, contents: string): PlannedNode => {
  return { kind: "file", path, contents, mode: 0o644, uid: 0, gid: 0 };
};

/**
 * Units of a config as files and links of the image: enabled as `systemctl enable` would, masked, with their drop-ins. Like
 * Ignition it writes no unit without contents, but an empty drop-in, which hides one of that name. What has no [Install] section here is left to a preset.
 */
export function planUnits(units: readonly IgnitionUnit[]): readonly PlannedNode[] {
  const presets = renderPresets(units.filter(needsPreset));
  const path = "/usr/lib/systemd/system-preset/40-igneous-image.preset";
  return [...units.flatMap(planUnit), ...(presets === "" ? [] : [file(path, presets)])];
}

function planUnit(unit: IgnitionUnit): readonly PlannedNode[] {
  const path = `${folder}/${unit.name}`;
  const dropins = (unit.dropins ?? []).flatMap(({ name, contents }) =>
    contents === undefined ? [] : [file(`${path}.d/${name}`, contents)],
  );
  if (unit.mask === true) return [link(path, "/dev/null"), ...dropins];
  const own = (unit.contents ?? "") === "" ? [] : [file(path, unit.contents ?? "")];
  return [...own, ...(unit.enabled === true ? installLinks(unit) : []), ...dropins];
}

function needsPreset(unit: IgnitionUnit): boolean {
  if (unit.mask === true || unit.enabled === undefined) return false;
  return !unit.enabled || installLinks(unit).length === 0;
}

/** A line for each unit; the instances of a template share one, because only the first line that fits is heeded. */
function renderPresets(units: readonly IgnitionUnit[]): string {
  const lines = new Map<string, string[]>();
  for (const { name, enabled } of units) {
    const [, template, instance, suffix] = /^([^@]+)@(.+)(\.[^.]+)$/u.exec(name) ?? [];
    const verb = enabled === true ? "enable" : "disable";
    const key = instance === undefined ? `${verb} ${name}` : `${verb} ${template}@${suffix}`;
    const instances = lines.get(key) ?? [];
    lines.set(key, instance === undefined ? instances : [...instances, instance]);
  }
  return Array.from(lines, ([line, instances]) => `${[line, ...instances].join(" ")}\n`).join("");
}

function link(path: string, target: string): PlannedNode {
  return { kind: "symlink", path, target, uid: 0, gid: 0 };
}

/** The links of [Install]. A unit that another package brings has none here and is left to a preset. */
function installLinks({ name, contents = "" }: IgnitionUnit): readonly PlannedNode[] {
  const values = installValues(contents);
  const into = (key: string, suffix: string): readonly PlannedNode[] =>
    (values.get(key) ?? []).map((target) => {
      return link(`${folder}/${target}.${suffix}/${name}`, `../${name}`);
    });
  const aliases = (values.get("Alias") ?? []).map((alias) => link(`${folder}/${alias}`, name));
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
