import { z } from "zod";

/** Sections `publish:` and `rollout:` of the spec. What more there is to say about their values, `aws` says. */

const region = z
  .string()
  .regex(/^[a-z]{2,4}(-[a-z]+)+-\d$/u, "wanted the name of an AWS region, such as eu-central-1");
const account = z
  .string({ error: "wanted an account in quotes: 12 digits" })
  .regex(/^\d{12}$/u, "wanted an account of 12 digits");
const organization = z
  .string()
  .regex(/^arn:aws[a-z-]*:organizations::\d{12}:organization\/.+$/u, "wanted the ARN of an organization");
const organizationalUnit = z
  .string()
  .regex(/^arn:aws[a-z-]*:organizations::\d{12}:ou\/.+$/u, "wanted the ARN of an organizational unit");
const kmsKey = z
  .string()
  .regex(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/.+$/u, "wanted the ARN of a KMS key");
const percent = z.number().int().min(0).max(100);
const seconds = z.number().int().min(0);

export const Publish = z.strictObject({
  regions: z.array(region).min(1).describe("the first is the home region; the others get copies"),
  accounts: z.array(account).exactOptional().describe("accounts that may launch the image"),
  organizations: z.array(organization).exactOptional(),
  organizationalUnits: z.array(organizationalUnit).exactOptional(),
  encrypted: z.boolean().exactOptional().describe("with the default EBS key where kmsKeys names none"),
  kmsKeys: z.record(region, kmsKey).exactOptional().describe("KMS key by region"),
  tags: z.record(z.string().min(1).max(128), z.string().max(256)).exactOptional(),
  deprecateAfter: z
    .string()
    .regex(/^\d{1,5}[hdw]$/u, "wanted hours, days or weeks, such as 90d")
    .exactOptional(),
  protect: z.boolean().exactOptional().describe("refuse deregistration until the protection is taken away"),
  ssmParameter: z
    .string()
    .regex(/^\/[\w./-]+$/u, "wanted a name that starts with /")
    .exactOptional()
    .describe("parameter that always holds the newest AMI id"),
  inFlight: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .exactOptional()
    .describe("blocks of 512 KiB that are sent at once (default 64)"),
});

export const Rollout = z.strictObject({
  groups: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        region,
        role: z.enum(["control-plane", "worker"]).exactOptional(),
        variables: z
          .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]))
          .exactOptional()
          .describe("variables of the launch template for the machines of this group"),
      }),
    )
    .min(1)
    .describe("Auto Scaling groups in the order in which they are rolled; control planes go first"),
  parallelGroups: z
    .number()
    .int()
    .min(1)
    .max(100)
    .exactOptional()
    .describe("worker groups rolled at once; 1"),
  ostree: z
    .string()
    .regex(/^https?:\/\/[\w.:[\]/~%-]+$/u, "wanted the https address of a static OSTree repo")
    .exactOptional()
    .describe("where nodes pull commits from (strategy in-place)"),
  strategy: z.enum(["replace", "replace-root", "in-place"]).exactOptional(),
  minHealthyPercentage: percent.exactOptional(),
  maxHealthyPercentage: z.number().int().min(100).max(200).exactOptional(),
  instanceWarmup: seconds.exactOptional(),
  checkpointPercentages: z.array(percent).exactOptional(),
  checkpointDelay: seconds.exactOptional(),
  bakeTime: seconds.exactOptional(),
  userDataStore: z
    .string()
    .regex(/^s3:\/\/[a-z0-9][a-z0-9.-]+(\/[\w./-]*)?$/u, "wanted s3://BUCKET or s3://BUCKET/PREFIX")
    .exactOptional()
    .describe("where launch configs go that are larger than EC2's user data"),
  health: z
    .strictObject({
      node: z.boolean().exactOptional().describe("the node's own boot check, asked by SSM"),
      http: z
        .string()
        .regex(
          /^https?:\/\/\S*\{address\}\S*$/u,
          "wanted a URL with {address} for the node's private address",
        )
        .exactOptional()
        .describe("answers 2xx when the node is healthy, such as http://{address}:8080/healthz"),
      withinSeconds: z.number().int().min(30).max(7200).exactOptional().describe("600 when not given"),
    })
    .exactOptional()
    .describe("health beyond EC2's, of every node that was rolled; one that stays bad brings the group back"),
  alarms: z.array(z.string().min(1)).exactOptional().describe("CloudWatch alarms that stop a rollout"),
  scaleInProtected: z.enum(["Refresh", "Ignore", "Wait"]).exactOptional(),
  standby: z.enum(["Terminate", "Ignore", "Wait"]).exactOptional(),
  autoRollback: z.boolean().exactOptional().describe("go back when the rollout fails; true when not given"),
});

const s3Uri = z
  .string()
  .regex(
    /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[\w!.*'()/-]+)?$/u,
    "wanted s3://BUCKET or s3://BUCKET/PREFIX",
  );

/** Section `imageBuilder:`. Regions, accounts, keys, tags and the parameter are those of `publish:`. */
export const ImageBuilder = z.strictObject({
  parentImage: z
    .string()
    .regex(
      /^(ami-[0-9a-f]{8,17}|ssm:\/[\w./-]+|arn:aws[a-z-]*:imagebuilder:.+\/\d+\.\d+\.\d+(\/\d+)?)$/u,
      "wanted an AMI id, ssm:/PARAMETER (the lock says what it holds) or the ARN of an Image Builder image with its whole version",
    )
    .describe("an OSTree machine that the payload is applied to"),
  payload: s3Uri.describe("where the payload is put for the build instance"),
  instanceProfile: z
    .string()
    .regex(/^[\w+=,.@-]+$/u, "wanted the name of an instance profile")
    .describe("of the build and test instances; it must be able to read the payload"),
  executionRole: z
    .string()
    .min(1)
    .exactOptional()
    .describe("role that distributes, and writes the SSM parameter"),
  instanceTypes: z.array(z.string().min(1)).min(1).exactOptional(),
  subnet: z
    .string()
    .regex(/^subnet-[0-9a-f]+$/u, "wanted the id of a subnet")
    .exactOptional(),
  securityGroups: z
    .array(z.string().regex(/^sg-[0-9a-f]+$/u, "wanted the id of a security group"))
    .min(1)
    .exactOptional(),
  logs: s3Uri.exactOptional(),
  schedule: z
    .strictObject({
      expression: z.string().regex(/^(cron|rate)\(.+\)$/u, "wanted cron(…) or rate(…)"),
      timezone: z.string().min(2).exactOptional(),
    })
    .exactOptional()
    .describe("keeps a pipeline that builds by itself"),
  launchTemplates: z
    .array(
      z.strictObject({
        id: z.string().regex(/^lt-[a-z0-9]{17}$/u, "wanted the id of a launch template"),
        region,
        account: account.exactOptional(),
        setDefault: z.boolean().exactOptional(),
      }),
    )
    .exactOptional()
    .describe("get a version with the new image; no group is rolled by it"),
});
