import { z } from "zod";
import { type Digest, isDigest } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";

const digest = z.custom<Digest>(
  (value) => typeof value === "string" && isDigest(value),
  "not a sha256 digest",
);

const Platform = z.looseObject({
  architecture: z.string(),
  os: z.string(),
  variant: z.string().optional(),
});

const Descriptor = z.looseObject({
  mediaType: z.string(),
  digest,
  size: z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER),
  annotations: z.record(z.string(), z.string()).nullish(),
  platform: Platform.nullish(),
});
export type Descriptor = z.infer<typeof Descriptor>;

export const ImageManifest = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  config: Descriptor,
  layers: z.array(Descriptor).max(1000),
});
export type ImageManifest = z.infer<typeof ImageManifest>;

export const ImageIndex = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  manifests: z.array(Descriptor).max(10_000),
});
export type ImageIndex = z.infer<typeof ImageIndex>;

const words = z.array(z.string()).nullish();

/** https://github.com/opencontainers/image-spec/blob/main/config.md */
export const ImageConfig = z.looseObject({
  architecture: z.string(),
  os: z.string(),
  variant: z.string().optional(),
  config: z
    .looseObject({
      User: z.string().nullish(),
      Env: words,
      Entrypoint: words,
      Cmd: words,
      WorkingDir: z.string().nullish(),
      StopSignal: z.string().nullish(),
      ExposedPorts: z.record(z.string(), z.unknown()).nullish(),
      Volumes: z.record(z.string(), z.unknown()).nullish(),
      Labels: z.record(z.string(), z.string()).nullish(),
    })
    .nullish(),
  rootfs: z.looseObject({ type: z.literal("layers"), diff_ids: z.array(digest) }),
});
export type ImageConfig = z.infer<typeof ImageConfig>;

export const LayoutMarker = z.looseObject({ imageLayoutVersion: z.string() });

export const TokenResponse = z.looseObject({
  token: z.string().optional(),
  access_token: z.string().optional(),
  expires_in: z.number().optional(),
});

/** Docker's and podman's credential file. https://docs.docker.com/reference/cli/docker/#configuration-files */
export const CredentialFile = z.looseObject({
  auths: z
    .record(
      z.string(),
      z.looseObject({
        auth: z.string().optional(),
        username: z.string().optional(),
        password: z.string().optional(),
        identitytoken: z.string().optional(),
      }),
    )
    .optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
  credsStore: z.string().optional(),
});

export type CredentialFile = z.infer<typeof CredentialFile>;

export const HelperAnswer = z.looseObject({ Username: z.string(), Secret: z.string() });

/** Reads JSON bytes as one of the documents above; `what` names them in the error. */
export function parseDocument<T>(schema: z.ZodType<T>, bytes: Uint8Array, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new IgneousError("image-refused", `${what} is not JSON`, { cause: error });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const place = issue === undefined || issue.path.length === 0 ? "" : ` at ${issue.path.join(".")}`;
  throw new IgneousError(
    "image-refused",
    `${what} is not as the image spec wants it${place}: ${issue?.message ?? "?"}`,
  );
}

/** Reads an image's config from its text, as a commit keeps it. */
export function parseImageConfig(text: string, reference: string): ImageConfig {
  return parseDocument(ImageConfig, new TextEncoder().encode(text), `the config of ${reference}`);
}
