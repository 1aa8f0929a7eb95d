/** The address with the given number in an IPv4 subnet: `10.96.0.0/16`, 10 → `10.96.0.10`. */
export function subnetAddress(subnet: string, number: number): string {
  const base = (subnet.split("/")[0] ?? "").split(".").map(Number);
  const value = base.reduce((sum, part) => sum * 256 + part, 0) + number;
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}
