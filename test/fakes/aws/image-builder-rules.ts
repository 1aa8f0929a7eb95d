import type { ListComponentsRequest } from "@aws-sdk/client-imagebuilder";
import type { Kept } from "./image-builder-state.ts";
import { AwsError, type Call, page } from "./service.ts";
import type { World } from "./world.ts";

/** What holds for all resources of EC2 Image Builder: client tokens, names, lists, dependencies. */

export function createNamed<T extends { name?: string | undefined; clientToken?: string | undefined }>(
  world: World,
  kept: Map<string, Kept<T>>,
  kind: string,
  input: T,
  call: Call,
): string {
  const arn = arnOf(call, kind, input.name);
  return once(world, input, call, arn, () => {
    if (kept.has(arn)) throw new AwsError("ResourceAlreadyExistsException", `${arn} already exists.`);
    kept.set(arn, { arn, version: "", input, createdAt: call.now });
  });
}

/** Does what a client token asks for one time; the same token with another request is an error. */
export function once(
  world: World,
  input: { readonly clientToken?: string | undefined },
  call: Call,
  arn: string,
  create: () => void,
): string {
  const { tokens } = world.imageBuilder;
  const { clientToken, ...rest } = input;
  const key = `${call.account} ${call.region} ${call.operation} ${clientToken}`;
  const request = JSON.stringify(rest);
  const known = tokens.get(key);
  if (known !== undefined && known.request !== request) {
    throw new AwsError("IdempotentParameterMismatchException", "the client token came with another request");
  }
  if (known !== undefined) return known.arn;
  create();
  tokens.set(key, { request, arn });
  return arn;
}

export function requireParts(
  world: World,
  input: {
    readonly imageRecipeArn?: string | undefined;
    readonly infrastructureConfigurationArn?: string | undefined;
    readonly distributionConfigurationArn?: string | undefined;
  },
): void {
  const { recipes, infrastructures, distributions } = world.imageBuilder;
  if (!recipes.has(input.imageRecipeArn ?? "")) throw missing("image recipe", input.imageRecipeArn);
  if (!infrastructures.has(input.infrastructureConfigurationArn ?? "")) {
    throw missing("infrastructure configuration", input.infrastructureConfigurationArn);
  }
  const distribution = input.distributionConfigurationArn;
  if (distribution !== undefined && !distributions.has(distribution)) {
    throw missing("distribution configuration", distribution);
  }
}

export function missing(kind: string, arn: string | undefined): AwsError {
  return new AwsError("InvalidRequestException", `The ${kind} ${arn} does not exist.`);
}

export function date(time: number): string {
  return new Date(time).toISOString();
}

export function arnOf(call: Call, kind: string, name: string | undefined): string {
  const slug = (name ?? "").toLowerCase().replaceAll(" ", "-");
  return `arn:aws:imagebuilder:${call.region}:${call.account}:${kind}/${slug}`;
}

export function listed<T extends { name?: string | undefined }>(
  kept: ReadonlyMap<string, Kept<T>>,
  { filters, nextToken, maxResults }: ListComponentsRequest,
) {
  const names = filters?.find(({ name }) => name === "name")?.values;
  const found = Array.from(kept.values()).filter(
    ({ input }) => names === undefined || names.includes(input.name ?? ""),
  );
  return page(found, nextToken, maxResults ?? 25);
}

export function named(
  { input, createdAt }: Kept<{ readonly name?: string | undefined }>,
  tags: Readonly<Record<string, string>> | undefined,
) {
  return { name: input.name, dateCreated: date(createdAt), ...(tags === undefined ? {} : { tags }) };
}

export function summary(
  kept: Kept<{ readonly name?: string | undefined }>,
  tags: Readonly<Record<string, string>> | undefined,
) {
  return { ...named(kept, tags), version: kept.version };
}

export function remove(
  kept: Map<string, unknown>,
  kind: string,
  arn: string,
  users: readonly { readonly arn: string }[],
  member: string,
): object {
  if (!kept.has(arn)) throw missing(kind, arn);
  const [user] = users;
  if (user !== undefined) {
    throw new AwsError("ResourceDependencyException", `The ${kind} ${arn} is used by ${user.arn}.`);
  }
  kept.delete(arn);
  return { [member]: arn };
}
