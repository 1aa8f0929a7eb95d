import type { Fleet } from "./fleet.ts";

/** A node as its agent and `igneous-host` show it. */
export interface Node {
  booted: string;
  previous: string | undefined;
  next: string;
  fellBack: string;
  /** Boots that a new deployment has left to become healthy; empty when it is. */
  triesLeft: string;
  /** Until when its agent does not answer. */
  offlineUntil: number;
}

export interface Nodes {
  readonly byInstance: Map<string, Node>;
  /** Commits that boot and never become healthy: GRUB falls back to the previous one. */
  readonly badCommits: Set<string>;
  /** Instances where every command fails. */
  readonly failing: Set<string>;
  readonly commands: Map<string, Sent>;
  /** Real machines behind instances: what runs a script there as root, instead of what we make up. */
  readonly machines: Map<string, (script: string) => Promise<Answer>>;
}

export interface Answer {
  readonly output: string;
  readonly code: number;
}

export interface Sent {
  readonly at: number;
  readonly script: string;
  readonly region: string;
  /** Undefined while a real machine works. */
  readonly answers: Map<string, Answer | undefined>;
}

export function createNodes(): Nodes {
  return {
    byInstance: new Map(),
    badCommits: new Set(),
    failing: new Set(),
    commands: new Map(),
    machines: new Map(),
  };
}

/** The node of a running instance; a fresh one runs commit "0…0". */
export function nodeOf(
  world: { readonly fleet: Fleet; readonly nodes: Nodes },
  id: string,
  region: string,
): Node | undefined {
  const there = world.fleet.groups.some(
    (group) =>
      group.region === region &&
      group.members.some((member) => member.id === id && member.lifecycle === "InService"),
  );
  if (!there) return undefined;
  const known = world.nodes.byInstance.get(id);
  if (known !== undefined) return known;
  const node: Node = {
    booted: "0".repeat(64),
    previous: undefined,
    next: "0".repeat(64),
    fellBack: "",
    triesLeft: "",
    offlineUntil: 0,
  };
  world.nodes.byInstance.set(id, node);
  return node;
}
