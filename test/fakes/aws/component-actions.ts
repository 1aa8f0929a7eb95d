import { isRecord } from "./check.ts";

type Check = (inputs: unknown) => readonly string[];

/**
 * The inputs of AWSTOE's action modules that run on Linux and that a document of ours could use.
 * https://docs.aws.amazon.com/imagebuilder/latest/userguide/toe-action-modules.html
 */
export const actionModules: Readonly<Record<string, Check>> = {
  ExecuteBash: (inputs) =>
    mapping(inputs, { commands: isTexts }, [], (value) => {
      const script = Array.isArray(value["commands"]) ? value["commands"].join("\n") : "";
      return /\bexit 194\b/u.test(script) ? ["exit 194 restarts the machine and runs the step again"] : [];
    }),
  ExecuteBinary: (inputs) => mapping(inputs, { path: isText }, [["arguments", isTexts]]),
  CreateFile: (inputs) =>
    listed(inputs, { path: isText, content: (value) => typeof value === "string" }, [
      ["encoding", isText],
      ["group", isText],
      ["overwrite", isFlag],
      ["owner", isText],
      ["permissions", isText],
    ]),
  DeleteFile: (inputs) => listed(inputs, { path: isText }),
  Reboot: (inputs) => (inputs === undefined ? [] : mapping(inputs, {}, [["delaySeconds", isSeconds]])),
  S3Download: (inputs) =>
    listed(
      inputs,
      { source: isObject, destination: isAbsolute },
      [
        ["expectedBucketOwner", (value) => typeof value === "string" && /^\d{12}$/u.test(value)],
        ["overwrite", isFlag],
      ],
      ({ source, destination }) =>
        /[*?]/u.test(String(source)) && !String(destination).endsWith("/")
          ? ["a wildcard needs a folder as destination"]
          : [],
    ),
  S3Upload: (inputs) =>
    listed(inputs, { source: isAbsolute, destination: isObject }, [
      ["expectedBucketOwner", isText],
      ["recurse", isFlag],
    ]),
  WebDownload: (inputs) =>
    listed(inputs, { source: (value) => /^https?:\/\//u.test(String(value)), destination: isAbsolute }, [
      ["algorithm", (value) => ["MD5", "SHA1", "SHA256", "SHA512"].includes(String(value))],
      ["checksum", isText],
      ["ignoreCertificateErrors", isFlag],
      ["overwrite", isFlag],
    ]),
};

type Rule = (value: unknown) => boolean;

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}
function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(isText);
}
function isFlag(value: unknown): boolean {
  return typeof value === "boolean";
}
function isSeconds(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}
function isAbsolute(value: unknown): boolean {
  return typeof value === "string" && value.startsWith("/");
}
function isObject(value: unknown): boolean {
  return typeof value === "string" && /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/.+/u.test(value);
}

function listed(
  inputs: unknown,
  required: Readonly<Record<string, Rule>>,
  optional: readonly (readonly [string, Rule])[] = [],
  more: (value: Record<string, unknown>) => readonly string[] = () => [],
): readonly string[] {
  if (!Array.isArray(inputs) || inputs.length === 0) return ["inputs are no list"];
  return inputs.flatMap((input) => mapping(input, required, optional, more));
}

function mapping(
  inputs: unknown,
  required: Readonly<Record<string, Rule>>,
  optional: readonly (readonly [string, Rule])[] = [],
  more: (value: Record<string, unknown>) => readonly string[] = () => [],
): readonly string[] {
  if (!isRecord(inputs)) return ["inputs are no mapping"];
  const rules = new Map([...Object.entries(required), ...optional]);
  const bad = Object.entries(inputs)
    .filter(([key, value]) => rules.get(key)?.(value) !== true)
    .map(([key, value]) => `input ${key} is ${JSON.stringify(value)}`);
  const missing = Object.keys(required).filter((key) => inputs[key] === undefined);
  return [...bad, ...missing.map((key) => `input ${key} is missing`), ...more(inputs)];
}
