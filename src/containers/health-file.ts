import type { PlannedFile } from "./payload-plan.ts";

/** How long a node may take to become healthy, and how often it may try, before GRUB goes back to the build before. */
export interface HealthLimits {
  readonly tries?: number | undefined;
  readonly seconds?: number | undefined;
}

/** Read by igneous-host and igneous-health, as shell and as a systemd environment file. */
export function healthFile({ tries = 3, seconds = 600 }: HealthLimits): PlannedFile {
  const contents = `IGNEOUS_TRIES=${tries}\nIGNEOUS_HEALTH_SECONDS=${seconds}\n`;
  return { path: "/usr/lib/igneous/health.conf", mode: 0o644, contents };
}
