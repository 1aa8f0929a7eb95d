import type { Image } from "@aws-sdk/client-ec2";
import { IgneousError } from "../core/errors.ts";
import type { Aws } from "./apis.ts";
import { awsErrorCode } from "./failure.ts";
import { needed } from "./needed.ts";
import { findImage } from "./waits.ts";

/** How a spec asks for the AMI that a builder starts from, when not by its id. */
export type SourceAmiQuestion =
  | { readonly name: string; readonly owners: readonly string[] }
  | { readonly parameter: string };

export interface SourceAmi {
  readonly amiId: string;
  readonly name?: string;
  readonly createdAt?: string;
}

/**
 * The newest AMI with such a name that an x86-64 instance can be started from, or the one that a parameter of Systems Manager
 * names. An error of code `aws-failed` when there is none, with what to look at.
 */
export async function findSourceAmi(
  aws: Aws,
  region: string,
  question: SourceAmiQuestion,
): Promise<SourceAmi> {
  const image =
    "parameter" in question
      ? await imageOfParameter(aws, region, question.parameter)
      : await newestImage(aws, region, question);
  const { ImageId, Name, CreationDate } = image;
  return {
    amiId: needed(ImageId),
    ...(Name === undefined ? {} : { name: Name }),
    ...(CreationDate === undefined ? {} : { createdAt: CreationDate }),
  };
}

async function newestImage(
  aws: Aws,
  region: string,
  { name, owners }: { readonly name: string; readonly owners: readonly string[] },
): Promise<Image> {
  const ec2 = await aws.ec2(region);
  const wanted = {
    name,
    architecture: "x86_64",
    "root-device-type": "ebs",
    state: "available",
    "virtualization-type": "hvm",
  };
  const Filters = Object.entries(wanted).map(([Name, value]) => ({ Name, Values: [value] }));
  let newest: Image | undefined;
  let NextToken: string | undefined;
  do {
    const answer = await ec2.describeImages({
      Owners: [...owners],
      Filters,
      MaxResults: 1000,
      ...(NextToken === undefined ? {} : { NextToken }),
    });
    for (const image of answer.Images ?? [])
      if (newest === undefined || isNewer(image, newest)) newest = image;
    NextToken = answer.NextToken;
  } while (NextToken !== undefined && NextToken !== "");
  if (newest !== undefined) return newest;
  const message = `no AMI named '${name}' of ${owners.join(", ")} for x86_64 is available in ${region}`;
  throw new IgneousError("aws-failed", message, {
    hint: `see what there is: aws ec2 describe-images --region ${region} --owners ${owners.join(" ")}`,
  });
}

/** Of two of the same second the ids decide, so that everybody finds the same one. */
function isNewer(a: Image, b: Image): boolean {
  const [ours, theirs] = [a.CreationDate ?? "", b.CreationDate ?? ""];
  return ours === theirs ? (a.ImageId ?? "") > (b.ImageId ?? "") : ours > theirs;
}

async function imageOfParameter(aws: Aws, region: string, parameter: string): Promise<Image> {
  const ssm = await aws.ssm(region);
  let value: string | undefined;
  try {
    value = (await ssm.getParameter({ Name: parameter })).Parameter?.Value;
  } catch (error) {
    if (awsErrorCode(error) !== "ParameterNotFound") throw error;
  }
  const isId = value !== undefined && /^ami-[0-9a-f]{8,17}$/u.test(value);
  const image = isId ? await findImage(aws, region, needed(value)) : undefined;
  if (image !== undefined) return image;
  const found = value === undefined ? "does not exist" : `holds '${value}', which is no AMI there`;
  throw new IgneousError("aws-failed", `the parameter ${parameter} in ${region} ${found}`, {
    hint: `look at it: aws ssm get-parameter --region ${region} --name ${parameter}`,
  });
}
