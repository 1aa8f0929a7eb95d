import { prettyJson, type Json } from "../core/json.ts";
import type { Check } from "../disk/boot-report.ts";

/** A check that an image carries; it counts on machines with one of its roles (none: on all). */
export interface NodeCheck extends Check {
  readonly roles: readonly string[];
}

export function renderChecks(checks: readonly NodeCheck[]): string {
  return prettyJson({ schemaVersion: 1, checks: JSON.parse(JSON.stringify(checks)) as Json });
}

/** Reads an image's checks; only those of the given roles. */
export function parseChecks(text: string, roles: readonly string[]): readonly Check[] {
  const { checks } = JSON.parse(text) as { readonly checks: readonly NodeCheck[] };
  return checks.filter(
    (check) => check.roles.length === 0 || check.roles.some((role) => roles.includes(role)),
  );
}

interface Manifest {
  readonly containers: readonly ManifestContainer[];
  /** Those that the kubelet runs. */
  readonly pods?: readonly ManifestContainer[];
}

interface ManifestContainer {
  readonly name: string;
  readonly reference: string;
  readonly manifestDigest: string;
}

/** Reads an image's manifest: what must be inside. */
export function parseManifest(text: string): Manifest {
  return JSON.parse(text) as Manifest;
}
