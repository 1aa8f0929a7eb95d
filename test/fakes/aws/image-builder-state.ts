import type {
  Distribution,
  CreateComponentRequest,
  CreateDistributionConfigurationRequest,
  CreateImagePipelineRequest,
  CreateImageRecipeRequest,
  CreateInfrastructureConfigurationRequest,
} from "@aws-sdk/client-imagebuilder";

/** What exists in the simulated EC2 Image Builder. Keys are ARNs. */
export interface ImageBuilderState {
  readonly components: Map<string, Kept<CreateComponentRequest>>;
  readonly recipes: Map<string, Kept<CreateImageRecipeRequest>>;
  readonly infrastructures: Map<string, Kept<CreateInfrastructureConfigurationRequest>>;
  readonly distributions: Map<string, Kept<CreateDistributionConfigurationRequest>>;
  readonly pipelines: Map<string, Kept<CreateImagePipelineRequest>>;
  readonly images: Map<string, BuilderImage>;
  /** Client token → the request that it came with, and the ARN that was made. */
  readonly tokens: Map<string, { readonly request: string; readonly arn: string }>;
  /** What goes wrong with the next images that are started. */
  plannedFailure: PlannedFailure | undefined;
  /** How many recipes there may be. */
  recipeQuota: number;
}

export interface Kept<T> {
  readonly arn: string;
  readonly version: string;
  readonly input: T;
  readonly createdAt: number;
}

/** A step that fails, with what Image Builder says; in distribution, the region that is not reached. */
export interface PlannedFailure {
  readonly workflow: "BUILD" | "TEST" | "DISTRIBUTION";
  readonly step: string;
  readonly message: string;
  readonly region?: string;
  /** Only the first attempt. */
  readonly once?: boolean;
}

export interface BuilderImage {
  readonly arn: string;
  readonly recipeArn: string;
  readonly infrastructureArn: string;
  readonly distributionArn: string | undefined;
  readonly distributions: readonly Distribution[];
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAt: number;
  startedAt: number;
  failure: PlannedFailure | undefined;
  cancelledAt: number | undefined;
  /** Region → AMI, once it is there. */
  readonly amis: Map<string, string>;
}

export function createImageBuilderState(): ImageBuilderState {
  return {
    components: new Map(),
    recipes: new Map(),
    infrastructures: new Map(),
    distributions: new Map(),
    pipelines: new Map(),
    images: new Map(),
    tokens: new Map(),
    plannedFailure: undefined,
    recipeQuota: 1000,
  };
}
