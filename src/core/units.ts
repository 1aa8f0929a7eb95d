/** Sizes and times as people read them, and sizes as people write them. */

const scale = ["B", "kB", "MB", "GB", "TB"] as const;

/** `1234567` → `1.2 MB` (powers of 1000, as disks and networks count). */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < scale.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.5 ? value.toFixed(0) : value.toFixed(1)} ${scale[unit]}`;
}

/** Milliseconds → `0.32 s`, `12.4 s`, `3 min 05 s`. */
export function formatDuration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  return `${minutes} min ${String(Math.floor(seconds - minutes * 60)).padStart(2, "0")} s`;
}

/** Seconds, planned rather than measured → `45 s`, `22 min`, `2 h 05 min`, `4 days`. */
export function formatSpan(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours >= 72) return `${Math.round(hours / 24)} days`;
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
}

const multipliers: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** Reads `8GiB`, `500 MB`, … as bytes; undefined when the text is not a size. */
export function findBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/u.exec(text);
  const multiplier = multipliers[match?.[2] ?? ""];
  return match === null || multiplier === undefined ? undefined : Math.round(Number(match[1]) * multiplier);
}
