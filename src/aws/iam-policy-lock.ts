import type { Statement } from "./iam-policy.ts";
import type { SourceAmiQuestion } from "./source-ami.ts";

interface LockNeeds {
  readonly amis: readonly { readonly region: string; readonly question: SourceAmiQuestion }[];
  /** Hosts and paths of images, such as `111122223333.dkr.ecr.eu-central-1.amazonaws.com/geth`. */
  readonly repositories: readonly string[];
}

const ecrHost = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com\/(.+)$/u;

/** What `lock` asks AWS for, and `bake` for images of ECR: nothing for most specs. */
export function lockStatements({ amis, repositories }: LockNeeds): readonly Statement[] {
  const statements: Statement[] = [];
  const allow = (Sid: string, Action: readonly string[], Resource: Statement["Resource"]): void => {
    statements.push({ Sid, Effect: "Allow", Action, Resource });
  };
  const regions = [...new Set(amis.map(({ region }) => region))].sort();
  if (regions.length > 0) {
    const Condition = { StringEquals: { "aws:RequestedRegion": regions } };
    const Action = ["ec2:DescribeImages"];
    statements.push({ Sid: "Read", Effect: "Allow", Action, Resource: "*", Condition });
  }
  const parameters = amis.flatMap(({ region, question }) =>
    "parameter" in question ? [`arn:aws:ssm:${region}:*:parameter${question.parameter}`] : [],
  );
  if (parameters.length > 0) allow("Parameter", ["ssm:GetParameter"], parameters);
  const stored = repositories.flatMap((repository) => {
    const [, account = "", region = "", name = ""] = ecrHost.exec(repository) ?? [];
    return name === "" ? [] : [`arn:aws:ecr:${region}:${account}:repository/${name}`];
  });
  if (stored.length > 0) {
    allow("Login", ["ecr:GetAuthorizationToken"], "*");
    allow("Pull", ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], [...new Set(stored)].sort());
  }
  return statements;
}
