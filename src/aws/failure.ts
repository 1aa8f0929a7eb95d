import type { ErrorCode } from "../core/error-codes.ts";
import { IgneousError, systemErrorCode } from "../core/errors.ts";

/** A call that failed, named as IAM names it. */
export interface FailedCall {
  /** IAM prefix: `ec2`, `ebs`, `ssm`, `autoscaling`. */
  readonly service: string;
  readonly region: string;
  /** `RegisterImage` */
  readonly operation: string;
  readonly input: unknown;
}

/** The error code that AWS answered with (`InvalidAMIID.NotFound`), of an SDK error or of what {@link awsFailure} made of it. */
export function awsErrorCode(error: unknown): string {
  const source = error instanceof IgneousError && error.cause !== undefined ? error.cause : error;
  if (!(source instanceof Error)) return "";
  const code = "Code" in source && typeof source.Code === "string" ? source.Code : undefined;
  return code ?? source.name;
}

export function httpStatus(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("$metadata" in error)) return undefined;
  const metadata = error.$metadata;
  if (typeof metadata !== "object" || metadata === null || !("httpStatusCode" in metadata)) return undefined;
  return typeof metadata.httpStatusCode === "number" ? metadata.httpStatusCode : undefined;
}

interface Kind {
  readonly code: ErrorCode;
  readonly pattern: RegExp;
  readonly hint: (call: FailedCall) => string;
}

const kinds: readonly Kind[] = [
  {
    code: "aws-credentials",
    pattern: /^(CredentialsProviderError|TokenProviderError)$/u,
    hint: () => "set AWS_PROFILE, run 'aws sso login', or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
  },
  {
    code: "aws-credentials",
    pattern: /^(ExpiredToken(Exception)?|RequestExpired|TokenRefreshRequired|InvalidToken(Exception)?)$/u,
    hint: () =>
      "run 'aws sso login' or fetch new credentials, then the same command again; it goes on where it was",
  },
  {
    code: "aws-credentials",
    pattern:
      /^(AuthFailure|InvalidClientTokenId|UnrecognizedClientException|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidSignatureException)$/u,
    hint: ({ region }) =>
      `check the access key with 'aws sts get-caller-identity', the clock of this machine, and that region ${region} is enabled for the account`,
  },
  {
    code: "aws-access-denied",
    pattern:
      /^(UnauthorizedOperation|AccessDenied(Exception)?|Client\.UnauthorizedOperation|NotAuthorized)$/u,
    hint: ({ service, operation }) =>
      `add "${iamAction(service, operation)}" to the policy's actions; 'igneous iam-policy ${policyOf[service] ?? "publish"}' prints the whole policy`,
  },
  {
    code: "aws-region",
    pattern: /^(OptInRequired|InvalidRegion|UnknownEndpoint|ENOTFOUND)$/u,
    hint: ({ region }) =>
      `correct the spelling of '${region}' in publish.regions, or enable the region for the account`,
  },
  {
    code: "aws-kms-key",
    pattern: /kms|InvalidKmsKey/iu,
    hint: ({ region }) =>
      `name a KMS key of ${region} that is enabled and that you may use, in publish.kmsKeys.${region}`,
  },
  {
    code: "aws-name-taken",
    pattern: /^InvalidAMIName\.Duplicate$/u,
    hint: () => "deregister that AMI or change the name of the spec; igneous does not take over foreign AMIs",
  },
  {
    code: "aws-quota",
    pattern: /LimitExceeded|QuotaExceeded|^ConcurrentLimitExceededException$/u,
    hint: ({ region }) =>
      `ask for a higher quota in ${region} (Service Quotas), or run 'igneous gc' to remove what is no longer needed`,
  },
];

const throttledPattern =
  /^(RequestLimitExceeded|.*Throttl.*|SlowDown|TooManyRequestsException|TooManyUpdates)$/u;
const unreachablePattern = /^(ECONN\w+|EPIPE|ETIMEDOUT|TimeoutError|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN)$/u;

/** Whose policy allows what a service is asked for. */
const policyOf: Readonly<Record<string, string>> = {
  imagebuilder: "imagebuilder",
  logs: "imagebuilder",
  autoscaling: "rollout",
  cloudwatch: "rollout",
};

/** S3's calls that its policies know by another name. */
const storeActions: Readonly<Record<string, string>> = {
  CompleteMultipartUpload: "PutObject",
  CreateMultipartUpload: "PutObject",
  DeleteObjects: "DeleteObject",
  ListMultipartUploads: "ListBucketMultipartUploads",
  ListObjectsV2: "ListBucket",
  UploadPart: "PutObject",
};

/** `ec2:RegisterImage`, as a policy names it. */
export function iamAction(service: string, operation: string): string {
  return `${service}:${(service === "s3" ? storeActions[operation] : undefined) ?? operation}`;
}

/** What an SDK error means to the user: the thing, the region, the action, and what to do about it. */
export function awsFailure(error: unknown, call: FailedCall): unknown {
  if (error instanceof IgneousError || !(error instanceof Error)) return error;
  const code = awsErrorCode(error);
  const system = systemErrorCode(error) ?? code;
  const action = iamAction(call.service, call.operation);
  const subject = subjectOf(call.input);
  const what = `${action}${subject === undefined ? "" : ` of ${subject}`} in ${call.region}`;
  const reason = [code, "Reason" in error && typeof error.Reason === "string" ? error.Reason : ""];
  // Node's own network errors have no name worth telling, and when several addresses failed no message either.
  const named = reason.filter((part) => part !== "" && !/^(?:Aggregate)?Error$/u.test(part)).join(" ");
  const text = [named, oneLine(error.message) || system].filter((part) => part !== "").join(": ");
  const make = (kind: ErrorCode, hint: string): IgneousError =>
    new IgneousError(kind, `${what} failed: ${text}`, { hint, cause: error });
  if (throttledPattern.test(code)) {
    return make(
      "aws-throttled",
      "wait a few minutes and run the same command again; it goes on where it was",
    );
  }
  const kind = kinds.find(({ pattern }) => pattern.test(code) || pattern.test(system));
  if (kind !== undefined) return make(kind.code, kind.hint(call));
  if (unreachablePattern.test(system) || unreachablePattern.test(code)) {
    return make(
      "aws-unreachable",
      "check the network, then run the same command again; it goes on where it was",
    );
  }
  return make("aws-failed", "run the same command again; it goes on where it was");
}

const subjectKeys = [
  "ImageId",
  "SnapshotId",
  "SourceImageId",
  "Name",
  "ParentSnapshotId",
  "AutoScalingGroupName",
  "LaunchTemplateId",
  "Key",
  "Bucket",
] as const;

function subjectOf(input: unknown): string | undefined {
  if (typeof input !== "object" || input === null) return undefined;
  const values = subjectKeys.map((key) => (input as Readonly<Record<string, unknown>>)[key]);
  return values.find((value): value is string => typeof value === "string");
}

function oneLine(message: string): string {
  return (message.split("\n")[0] ?? "").slice(0, 500);
}
