import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { mapLimit } from "../core/parallel.ts";
import type { Aws } from "./apis.ts";
import { type Count, describeGroups, describeImages, describeInstances } from "./fleet-status-describe.ts";
import { groupState } from "./fleet-status-group.ts";
import { readAlarms, readHooks } from "./fleet-status-signals.ts";
import { readTemplates, templateKey } from "./fleet-status-template.ts";
import type { AlarmState, FleetState, GroupState, GroupTemplate, ImageState } from "./fleet-status-types.ts";
import { listRefreshes } from "./instance-refresh-read.ts";

interface Wanted {
  readonly groups: readonly { readonly name: string; readonly region: string }[];
  /** AMIs whose state matters, besides those that the groups use. */
  readonly images: readonly { readonly region: string; readonly amiId: string }[];
  /** CloudWatch alarms whose state matters. */
  readonly alarms?: readonly string[];
  /** Leave out what only a plan needs: launch template data and images. */
  readonly brief?: boolean;
  /** A region of which nothing is heard for so long counts as failed. */
  readonly patienceMs?: number;
}

/** Reads groups of any number of regions, all regions at once. A region that cannot be read does not hold up the others. */
export async function readFleet(context: Context, aws: Aws, wanted: Wanted): Promise<FleetState> {
  let calls = 0;
  const regions = [...new Set(wanted.groups.map(({ region }) => region))];
  const namesIn = (place: string): readonly string[] =>
    wanted.groups.filter(({ region }) => region === place).map(({ name }) => name);
  const parts = await Promise.all(
    regions.map(async (region) => {
      let heardAt = aws.clock.now();
      const count: Count = () => {
        calls++;
        heardAt = aws.clock.now();
      };
      try {
        const answer = readRegion(aws, region, wanted, count);
        return await patiently(context, aws, region, wanted.patienceMs, () => heardAt, answer);
      } catch (error) {
        context.signal.throwIfAborted();
        const message = error instanceof Error ? error.message : String(error);
        return { region, groups: [], images: [], alarms: [], message };
      }
    }),
  );
  const failures = parts.flatMap((part) =>
    "message" in part ? [{ region: part.region, groups: namesIn(part.region), message: part.message }] : [],
  );
  const found = parts.flatMap(({ groups }) => groups);
  const order = new Map(wanted.groups.map(({ name, region }, index) => [`${region} ${name}`, index]));
  const place = ({ region, name }: GroupState): number => order.get(`${region} ${name}`) ?? 0;
  const seen = new Set(found.map(({ region, name }) => `${region} ${name}`));
  return {
    groups: found.toSorted((a, b) => place(a) - place(b)),
    missing: wanted.groups
      .filter(({ region }) => !failures.some((failure) => failure.region === region))
      .filter(({ region, name }) => !seen.has(`${region} ${name}`))
      .map(({ name, region }) => ({ name, region })),
    images: parts.flatMap(({ images }) => images),
    alarms: parts.flatMap(({ alarms }) => alarms),
    failures,
    calls,
  };
}

/** What a region says, or an error once it is silent for too long; it is not waited for any more then. */
async function patiently<T>(
  context: Context,
  aws: Aws,
  region: string,
  ms: number | undefined,
  heardAt: () => number,
  answer: Promise<T>,
): Promise<T> {
  if (ms === undefined) return answer;
  const enough = new AbortController();
  const signal = AbortSignal.any([context.signal, enough.signal]);
  const silence = async (): Promise<never> => {
    for (;;) {
      const left = heardAt() + ms - aws.clock.now();
      if (left > 0) await aws.clock.sleep(left, signal);
      else break;
    }
    throw new IgneousError("aws-timeout", `${region} has not answered for ${ms / 1000} s`, {
      hint: "the others are shown; run the same command again",
    });
  };
  const late = silence();
  late.catch(() => undefined);
  answer.catch(() => undefined);
  try {
    return await Promise.race([answer, late]);
  } finally {
    enough.abort();
  }
}

interface Region {
  readonly region: string;
  readonly groups: readonly GroupState[];
  readonly images: readonly ImageState[];
  readonly alarms: readonly AlarmState[];
}

async function readRegion(aws: Aws, region: string, wanted: Wanted, count: Count): Promise<Region> {
  const names = wanted.groups.filter((group) => group.region === region).map(({ name }) => name);
  const brief = wanted.brief === true;
  const described = await describeGroups(aws, region, names, count);
  const groups = described.map(({ group }) => group);
  const found = groups.map(({ AutoScalingGroupName }) => AutoScalingGroupName ?? "");
  const [, refreshes, templates, hooks, alarms] = await Promise.all([
    describeInstances(aws, region, described, brief, count),
    mapLimit(found, 4, (name) => {
      count();
      return listRefreshes(aws, { name, region }, 5);
    }),
    brief ? new Map<string, GroupTemplate>() : readTemplates(aws, region, groups, count),
    brief ? [] : mapLimit(found, 4, (name) => readHooks(aws, region, name, count)),
    readAlarms(aws, region, wanted.alarms ?? [], count),
  ]);
  const states = described.map(({ group, instances }, index) =>
    groupState(
      region,
      group,
      instances,
      refreshes[index] ?? [],
      templates.get(templateKey(group)),
      hooks[index] ?? [],
    ),
  );
  const images = new Set([
    ...wanted.images.filter((image) => image.region === region).map(({ amiId }) => amiId),
    ...states.flatMap(({ template, mixed }) => [
      ...(template?.data.ImageId === undefined ? [] : [template.data.ImageId]),
      ...(mixed?.overrides ?? []).flatMap(({ imageId }) => (imageId === undefined ? [] : [imageId])),
    ]),
  ]);
  // What the instances run is asked for too: an AMI that is gone launches nothing any more.
  for (const { instances: members } of states) {
    for (const { imageId } of members) if (imageId !== undefined) images.add(imageId);
  }
  const shown = await describeImages(aws, region, [...images], count);
  return { region, groups: states, images: shown, alarms };
}
