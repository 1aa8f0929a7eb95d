import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import type { Aws } from "./apis.ts";
import { openAws } from "./session.ts";

interface EcrPassword {
  readonly kind: "password";
  readonly username: string;
  readonly password: string;
}

const ecrHost = /^\d{12}\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)$/u;

/** The region of a private registry of ECR, or undefined when the host is none. */
export function findEcrRegion(registry: string): string | undefined {
  return ecrHost.exec(registry)?.[1];
}

/** The password that ECR gives for twelve hours, with the AWS credentials of the environment; undefined for any other registry. */
export async function ecrCredentials(
  context: Context,
  registry: string,
  aws: Pick<Aws, "ecr"> = openAws(context),
): Promise<EcrPassword | undefined> {
  const region = findEcrRegion(registry);
  if (region === undefined) return undefined;
  const ecr = await aws.ecr(region);
  const { authorizationData } = await ecr.getAuthorizationToken({});
  const pair = Buffer.from(authorizationData?.[0]?.authorizationToken ?? "", "base64").toString("utf8");
  const colon = pair.indexOf(":");
  if (colon < 1)
    throw new IgneousError("registry-denied", `ECR in ${region} gave no password for ${registry}`);
  return { kind: "password", username: pair.slice(0, colon), password: pair.slice(colon + 1) };
}
