import { IgneousError } from "../core/errors.ts";
import { encryptionIn, findDuration, launchPermissions } from "./image-input.ts";
import { type PublishSpec, tagNames } from "./publish-types.ts";

/** What is wrong with a `publish:` section, each with its path below `publish`; empty when all is well. */
export function publishProblems(
  spec: PublishSpec,
): readonly { readonly path: readonly (string | number)[]; readonly message: string }[] {
  const problems: { path: readonly (string | number)[]; message: string }[] = [];
  const add = (path: readonly (string | number)[], message: string): void =>
    void problems.push({ path, message });
  if (spec.regions.length === 0) add(["regions"], "wanted at least one region; the first is the home region");
  for (const [index, region] of spec.regions.entries()) {
    if (!/^[a-z]{2,4}(-[a-z]+)+-\d$/u.test(region))
      add(["regions", index], `'${region}' is not a region's name`);
    if (spec.regions.indexOf(region) !== index) add(["regions", index], `${region} is named twice`);
  }
  for (const [index, account] of (spec.accounts ?? []).entries()) {
    if (!/^\d{12}$/u.test(account))
      add(["accounts", index], `'${account}' is not an account; wanted 12 digits`);
  }
  for (const [region, arn] of Object.entries(spec.kmsKeys ?? {})) {
    const keyRegion = /^arn:aws[a-z-]*:kms:([a-z0-9-]+):\d{12}:key\/.+$/u.exec(arn)?.[1];
    if (keyRegion === undefined) add(["kmsKeys", region], `'${arn}' is not the ARN of a KMS key`);
    else if (keyRegion !== region)
      add(["kmsKeys", region], `the key is of ${keyRegion}; wanted one of ${region}`);
    if (!spec.regions.includes(region)) add(["kmsKeys", region], `${region} is not in publish.regions`);
  }
  for (const key of Object.keys(spec.tags ?? {})) {
    const ours = Object.values<string>(tagNames).includes(key);
    if (ours || /^aws:/iu.test(key))
      add(["tags", key], "this tag is set by igneous or AWS and cannot be chosen");
  }
  if (spec.deprecateAfter !== undefined && findDuration(spec.deprecateAfter) === undefined) {
    add(
      ["deprecateAfter"],
      `'${spec.deprecateAfter}' is not a time; wanted hours, days or weeks, such as 90d`,
    );
  }
  if (spec.ssmParameter !== undefined && !/^\/(?!aws|ssm)[\w./-]+$/iu.test(spec.ssmParameter)) {
    add(["ssmParameter"], "wanted a name that starts with / and not with /aws or /ssm");
  }
  if (launchPermissions(spec).length > 0) {
    const keyless = [...new Set(spec.regions)].filter((region) => {
      const { encrypted, kmsKey } = encryptionIn(spec, region);
      return encrypted && kmsKey === undefined;
    });
    for (const region of keyless) {
      add(["kmsKeys"], `an image under the default EBS key cannot be shared; name a key for ${region}`);
    }
  }
  return problems;
}

/** Throws `input-invalid` when the section has problems. */
export function refusePublishProblems(spec: PublishSpec): void {
  const problems = publishProblems(spec);
  if (problems.length === 0) return;
  const lines = problems.map(({ path, message }) => `publish.${path.join(".")}: ${message}`);
  throw new IgneousError("input-invalid", lines.join("\n"), {
    hint: "correct the spec's publish section and run the same command again",
  });
}
