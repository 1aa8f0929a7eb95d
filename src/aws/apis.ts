import type { AutoScaling } from "@aws-sdk/client-auto-scaling";
import type { CloudWatch } from "@aws-sdk/client-cloudwatch";
import type { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import type { EBS } from "@aws-sdk/client-ebs";
import type { DescribeInstancesRequest, EC2 } from "@aws-sdk/client-ec2";
import type { ECR } from "@aws-sdk/client-ecr";
import type { S3 } from "@aws-sdk/client-s3";
import type { Imagebuilder } from "@aws-sdk/client-imagebuilder";
import type { SSM } from "@aws-sdk/client-ssm";
import type { BriefInstance } from "./quick-answers.ts";

/** The operations that igneous calls, and no others. */

export type Ec2Api = Pick<
  EC2,
  | "copyImage"
  | "createLaunchTemplateVersion"
  | "createReplaceRootVolumeTask"
  | "deleteSnapshot"
  | "deregisterImage"
  | "describeImageAttribute"
  | "describeImages"
  | "describeKeyPairs"
  | "describeLaunchTemplates"
  | "describeInstanceStatus"
  | "describeLaunchTemplateVersions"
  | "describeReplaceRootVolumeTasks"
  | "describeRegions"
  | "describeSecurityGroups"
  | "describeSnapshots"
  | "describeVolumes"
  | "disableImageDeregistrationProtection"
  | "enableImageDeprecation"
  | "enableImageDeregistrationProtection"
  | "modifyImageAttribute"
  | "modifyLaunchTemplate"
  | "registerImage"
> & {
  /** Of an instance only what is read of it, see `quick-answers.ts`. */
  readonly describeInstances: (input: DescribeInstancesRequest) => Promise<{
    readonly Reservations?:
      | readonly { readonly Instances?: readonly BriefInstance[] | undefined }[]
      | undefined;
    readonly NextToken?: string | undefined;
  }>;
};

export type EbsApi = Pick<
  EBS,
  "completeSnapshot" | "getSnapshotBlock" | "listSnapshotBlocks" | "putSnapshotBlock" | "startSnapshot"
>;

export type EcrApi = Pick<ECR, "getAuthorizationToken">;

export type S3Api = Pick<
  S3,
  | "abortMultipartUpload"
  | "completeMultipartUpload"
  | "createMultipartUpload"
  | "deleteObjects"
  | "getObject"
  | "listMultipartUploads"
  | "listObjectsV2"
  | "putObject"
  | "uploadPart"
>;

export type SsmApi = Pick<
  SSM,
  "describeInstanceInformation" | "getParameter" | "listCommandInvocations" | "putParameter" | "sendCommand"
>;

export type ImageBuilderApi = Pick<
  Imagebuilder,
  | "cancelImageCreation"
  | "createComponent"
  | "createDistributionConfiguration"
  | "createImage"
  | "createImagePipeline"
  | "createImageRecipe"
  | "createInfrastructureConfiguration"
  | "deleteComponent"
  | "deleteDistributionConfiguration"
  | "deleteImage"
  | "deleteImagePipeline"
  | "deleteImageRecipe"
  | "deleteInfrastructureConfiguration"
  | "distributeImage"
  | "getComponent"
  | "getImage"
  | "getImageRecipe"
  | "listComponentBuildVersions"
  | "listComponents"
  | "listDistributionConfigurations"
  | "listImageBuildVersions"
  | "listImagePipelines"
  | "listImageRecipes"
  | "listImages"
  | "listInfrastructureConfigurations"
  | "listWorkflowExecutions"
  | "listWorkflowStepExecutions"
  | "retryImage"
  | "startImagePipelineExecution"
  | "updateImagePipeline"
>;

export type AutoScalingApi = Pick<
  AutoScaling,
  | "cancelInstanceRefresh"
  | "describeAutoScalingGroups"
  | "describeInstanceRefreshes"
  | "describeLaunchConfigurations"
  | "describeLifecycleHooks"
  | "describeScalingActivities"
  | "enterStandby"
  | "exitStandby"
  | "rollbackInstanceRefresh"
  | "startInstanceRefresh"
  | "updateAutoScalingGroup"
>;

export type CloudWatchApi = Pick<CloudWatch, "describeAlarms">;

export type CloudWatchLogsApi = Pick<CloudWatchLogs, "getLogEvents">;

/** AWS as commands see it: one client per service and region, made when first asked for. */
export interface Aws {
  readonly clock: AwsClock;
  readonly ec2: (region: string) => Promise<Ec2Api>;
  readonly ebs: (region: string) => Promise<EbsApi>;
  readonly ecr: (region: string) => Promise<EcrApi>;
  readonly s3: (region: string) => Promise<S3Api>;
  readonly imageBuilder: (region: string) => Promise<ImageBuilderApi>;
  readonly ssm: (region: string) => Promise<SsmApi>;
  readonly autoScaling: (region: string) => Promise<AutoScalingApi>;
  readonly cloudWatch: (region: string) => Promise<CloudWatchApi>;
  readonly cloudWatchLogs: (region: string) => Promise<CloudWatchLogsApi>;
}

/** Time as waits and retries see it, so that a test can hand in a virtual one. */
export interface AwsClock {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}
