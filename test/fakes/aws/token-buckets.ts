import type { LoggedCall } from "./server.ts";
import type { Simulator } from "./simulator.ts";

interface Rate {
  /** Tokens that a full bucket holds: what may be asked at once. */
  readonly capacity: number;
  readonly perSecond: number;
}

/**
 * Lets the simulator refuse calls as AWS does: each action has a bucket of its own, for each account and region. Auto
 * Scaling and SSM publish no figures; they get EC2's.
 * https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
 */
export function limitCalls(sim: Simulator): { readonly refused: readonly LoggedCall[] } {
  const buckets = new Map<string, { tokens: number; at: number }>();
  const refused: LoggedCall[] = [];
  sim.observe((call, phase) => {
    if (phase !== "before") return;
    const { service, operation, region, account } = call;
    const { capacity, perSecond } = rateOf(call);
    const key = [service, operation, region, account, capacity].join(" ");
    const now = sim.clock.now();
    const bucket = buckets.get(key) ?? { tokens: capacity, at: now };
    bucket.tokens = Math.min(capacity, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
    bucket.at = now;
    buckets.set(key, bucket);
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return;
    }
    refused.push(call);
    const code = service === "ec2" ? "RequestLimitExceeded" : "Throttling";
    const effect = { kind: "error", code, status: service === "ec2" ? 503 : 400 } as const;
    sim.faults.add({ service, operation, region, times: 1, effect });
  });
  return { refused };
}

/** Actions that have figures of their own. */
const own: ReadonlyMap<string, Rate> = new Map([
  ["CopyImage", { capacity: 100, perSecond: 1 }],
  ["CreateLaunchTemplateVersion", { capacity: 100, perSecond: 5 }],
  ["CreateSnapshot", { capacity: 100, perSecond: 5 }],
  ["CreateTags", { capacity: 100, perSecond: 10 }],
  ["DeleteSnapshot", { capacity: 100, perSecond: 5 }],
  ["DeregisterImage", { capacity: 100, perSecond: 5 }],
  ["ModifyImageAttribute", { capacity: 100, perSecond: 5 }],
  ["ModifyLaunchTemplate", { capacity: 100, perSecond: 5 }],
  ["ModifySnapshotAttribute", { capacity: 100, perSecond: 5 }],
  ["RunInstances", { capacity: 5, perSecond: 2 }],
  ["TerminateInstances", { capacity: 100, perSecond: 5 }],
]);

/** Questions for which it is dearer to ask for everything at once: without a filter, ids or pages. */
const dearWhenBroad =
  /^Describe(?:Instances|InstanceStatus|InternetGateways|SecurityGroups|Snapshots|SpotInstanceRequests|Volumes)$/u;

function rateOf({ service, operation, input }: LoggedCall): Rate {
  const figure = service === "ec2" ? own.get(operation) : undefined;
  if (figure !== undefined) return figure;
  if (!/^(?:Describe|Get|List|Search)/u.test(operation)) return { capacity: 50, perSecond: 5 };
  const isBroad = dearWhenBroad.test(operation) && !("Filters" in input) && !("MaxResults" in input);
  return isBroad ? { capacity: 50, perSecond: 10 } : { capacity: 100, perSecond: 20 };
}
