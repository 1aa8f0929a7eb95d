import { iamAction } from "./failure.ts";
import { deprecationTime, launchPermissions, parameterInput } from "./image-input.ts";
import type { PublishSpec } from "./publish-types.ts";

/** A call that changes something in AWS. Ids that are not known yet are named in angle brackets. */
export interface PlannedCall {
  readonly service: "ebs" | "ec2" | "imagebuilder" | "s3" | "ssm";
  readonly operation: string;
  /** As a policy names it: `ec2:RegisterImage`. */
  readonly action: string;
  readonly region: string;
  /** How often, for a call that is made for each block. */
  readonly times: number;
  readonly input: object;
}

export function plannedCall(
  service: PlannedCall["service"],
  operation: string,
  region: string,
  input: object,
  times = 1,
): PlannedCall {
  return { service, operation, action: iamAction(service, operation), region, times, input };
}

/** An AMI that is not there yet. */
export function amiIn(region: string): string {
  return `<AMI in ${region}>`;
}

/** What an AMI is brought to in a region once it is available. */
export function settleCalls(publish: PublishSpec, region: string, now: Date): readonly PlannedCall[] {
  const ImageId = amiIn(region);
  const DeprecateAt = deprecationTime(publish, now);
  const permissions = launchPermissions(publish);
  const { ssmParameter } = publish;
  return [
    ...(DeprecateAt === undefined
      ? []
      : [plannedCall("ec2", "EnableImageDeprecation", region, { ImageId, DeprecateAt })]),
    ...(publish.protect === true
      ? [plannedCall("ec2", "EnableImageDeregistrationProtection", region, { ImageId })]
      : []),
    ...(permissions.length === 0
      ? []
      : [
          plannedCall("ec2", "ModifyImageAttribute", region, {
            ImageId,
            LaunchPermission: { Add: permissions },
          }),
        ]),
    ...(ssmParameter === undefined
      ? []
      : [plannedCall("ssm", "PutParameter", region, parameterInput(ssmParameter, ImageId))]),
  ];
}
