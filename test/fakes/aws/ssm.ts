import type { GetParameterCommandInput, PutParameterCommandInput } from "@aws-sdk/client-ssm";
import { AwsError, type Call, type Handlers } from "./service.ts";
import { imageState, type World } from "./world.ts";

/** AWS checks a parameter of type aws:ec2:image after it has answered. */
const validationMs = 3000;

export function ssmHandlers(world: World): Handlers {
  return {
    PutParameter: (input: PutParameterCommandInput, call) => put(world, input, call),
    GetParameter: (input: GetParameterCommandInput, call) => get(world, input, call),
  };
}

function put(world: World, input: PutParameterCommandInput, call: Call): object {
  const name = input.Name ?? "";
  if (/^\/?(aws|ssm)/iu.test(name)) throw new AwsError("ValidationException", `${name} is reserved`);
  const key = `${call.account} ${call.region} ${name}`;
  const known = world.parameters.get(key);
  if (known !== undefined && input.Overwrite !== true) {
    throw new AwsError("ParameterAlreadyExists", "The parameter already exists.");
  }
  if (known === undefined && input.Type === undefined) {
    throw new AwsError("ValidationException", "A parameter type is required when you create a parameter.");
  }
  if (input.Overwrite === true && input.Tags !== undefined) {
    throw new AwsError("ValidationException", "tags and overwrite can't be used together");
  }
  const parameter = known ?? { name, region: call.region, account: call.account, versions: [] };
  const image = world.images.get(input.Value ?? "");
  const valid =
    input.DataType !== "aws:ec2:image" ||
    (image !== undefined && image.region === call.region && imageState(image, call.now) === "available");
  const at = input.DataType === "aws:ec2:image" ? call.now + validationMs : call.now;
  if (valid) {
    parameter.versions.push({ value: input.Value ?? "", dataType: input.DataType ?? "text", at });
    world.parameters.set(key, parameter);
  }
  return { Version: Math.max(1, parameter.versions.length), Tier: input.Tier ?? "Standard" };
}

function get(world: World, input: GetParameterCommandInput, call: Call): object {
  const name = input.Name ?? "";
  const parameter = world.parameters.get(`${call.account} ${call.region} ${name}`);
  const valid = (parameter?.versions ?? []).filter(({ at }) => at <= call.now);
  const newest = valid.at(-1);
  if (newest === undefined) throw new AwsError("ParameterNotFound", `${name} does not exist`);
  return {
    Parameter: {
      Name: name,
      Type: "String",
      Value: newest.value,
      Version: valid.length,
      DataType: newest.dataType,
      LastModifiedDate: new Date(newest.at),
      ARN: `arn:aws:ssm:${call.region}:${call.account}:parameter${name}`,
    },
  };
}
