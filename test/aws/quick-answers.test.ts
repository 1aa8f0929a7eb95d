import { AutoScaling } from "@aws-sdk/client-auto-scaling";
import { EC2, type Instance } from "@aws-sdk/client-ec2";
import { createServer } from "node:http";
import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { openAws } from "../../src/aws/session.ts";
import { testContext } from "../tools.ts";
import { fleets, region } from "./fleets.ts";

/** Clients of ours and of the SDK alone, to both of which the same document is answered. */
async function answering(body: string) {
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => response.writeHead(200, { "content-type": "text/xml" }).end(body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close().closeAllConnections());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const endpoint = `http://127.0.0.1:${address.port}`;
  const env = { AWS_ENDPOINT_URL: endpoint, AWS_ACCESS_KEY_ID: "AKIAFAKE", AWS_SECRET_ACCESS_KEY: "fake" };
  const theirs = { region, endpoint, credentials: { accessKeyId: "AKIAFAKE", secretAccessKey: "fake" } };
  const aws = openAws({ ...testContext(), env });
  return {
    ec2: [await aws.ec2(region), new EC2(theirs)] as const,
    autoScaling: [await aws.autoScaling(region), new AutoScaling(theirs)] as const,
  };
}

interface Described {
  readonly Reservations?: readonly { readonly Instances?: readonly Instance[] }[];
  readonly NextToken?: string;
}

/** What igneous reads of an answer, whoever read it. */
const brief = ({ Reservations = [], NextToken }: Described) => ({
  NextToken,
  instances: Reservations.flatMap(({ Instances = [] }) => Instances).map((instance) => ({
    id: instance.InstanceId,
    image: instance.ImageId,
    at: instance.LaunchTime,
    address: instance.PrivateIpAddress,
    state: instance.State?.Name,
  })),
});

/** As EC2 writes it: indented, with much that nobody reads and that has elements of the same names. */
const instance = (id: string, more = ""): string => `
        <item>
            <reservationId>r-${id}</reservationId>
            <ownerId>111122223333</ownerId>
            <groupSet/>
            <instancesSet>
                <item>
                    <instanceId>i-${id}</instanceId>
                    <imageId>ami-0aaaaaaaaaaaaaaa1</imageId>
                    <instanceState>
                        <code>16</code>
                        <name>running</name>
                    </instanceState>
                    <privateDnsName/>
                    <reason/>
                    <launchTime>2026-11-22T11:00:00.000Z</launchTime>
                    <placement><availabilityZone>eu-central-1a</availabilityZone><groupName/></placement>
                    <monitoring><state>disabled</state></monitoring>
                    <privateIpAddress>10.0.0.1</privateIpAddress>
                    <networkInterfaceSet>
                        <item>
                            <groupSet><item><groupId>sg-1</groupId></item></groupSet>
                            <privateIpAddress>10.9.9.9</privateIpAddress>
                            <privateIpAddressesSet>
                                <item><privateIpAddress>10.8.8.8</privateIpAddress></item>
                            </privateIpAddressesSet>
                            <tagSet/>
                        </item>
                    </networkInterfaceSet>
                    <tagSet><item><key>Name</key><value>&lt;imageId&gt; Grüße</value></item></tagSet>${more}
                </item>
            </instancesSet>
        </item>`;

const reservations = (...items: readonly string[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?>
<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
    <requestId>x</requestId>
    <reservationSet>${items.join("")}
    </reservationSet>
    <nextToken>t-2&amp;3</nextToken>
</DescribeInstancesResponse>`;

describe("instances that are read quickly", () => {
  it.each([
    ["as EC2 writes them", reservations(instance("1"), instance("2"))],
    ["none", reservations()],
    [
      "no set of them",
      reservations().replace(/<reservationSet>[^]*<\/reservationSet>/u, "<reservationSet/>"),
    ],
    ["with a comment", reservations(instance("1", "<!-- <imageId>ami-9</imageId> -->"))],
    [
      "with an element that holds one of its own name",
      reservations(instance("1", "<net><net><a>b</a></net></net>")),
    ],
    ["with an attribute", reservations(instance("1").replace("<imageId>", '<imageId x="y">'))],
    [
      "terminated, without an address",
      reservations(instance("1").replace(/<privateIpAddress>10.0.0.1.*/u, "")),
    ],
  ])("are what the SDK reads: %s", async (_what, body) => {
    const { ec2 } = await answering(body);
    const [ours, theirs] = await Promise.all([ec2[0].describeInstances({}), ec2[1].describeInstances({})]);
    expect(brief(ours as Described)).toEqual(brief(theirs as Described));
  });

  it("fail as before when the answer breaks off", async () => {
    const { ec2 } = await answering(reservations(instance("1")).slice(0, 900));
    await expect(ec2[0].describeInstances({})).rejects.toThrow();
  });

  it("are what the SDK reads of the simulator, over pages", async () => {
    const { aws, others, group } = await fleets();
    group("workers", 1200);
    const input = {
      Filters: [{ Name: "tag:aws:autoscaling:groupName", Values: ["workers"] }],
      MaxResults: 1000,
    };
    const ours = brief((await (await aws.ec2(region)).describeInstances(input)) as Described);
    expect(ours.instances).toHaveLength(1000);
    expect(ours.NextToken).toBeDefined();
    expect(ours).toEqual(brief((await others.ec2.describeInstances(input)) as Described));
  });
});

describe("groups that are read quickly", () => {
  const member = `<member><InstanceId>i-1</InstanceId><InstanceType>m7i.large</InstanceType>
    <AvailabilityZone>eu-central-1a</AvailabilityZone><AvailabilityZoneId>euc1-az2</AvailabilityZoneId>
    <LifecycleState>InService</LifecycleState><HealthStatus>Healthy</HealthStatus>
    <LaunchTemplate><LaunchTemplateId>lt-1</LaunchTemplateId><LaunchTemplateName>nodes</LaunchTemplateName><Version>3</Version></LaunchTemplate>
    <ImageId>ami-1</ImageId><ProtectedFromScaleIn>false</ProtectedFromScaleIn><WeightedCapacity>2</WeightedCapacity>
    <New><Instances>3</Instances></New></member>`;
  const groupOf = (name: string, members: string): string =>
    `<member><AutoScalingGroupName>${name}</AutoScalingGroupName><MinSize>0</MinSize>${members}<Tags><member><Key>Größe</Key><Value>&lt;Instances&gt;</Value></member></Tags></member>`;
  const answer = (...groups: readonly string[]): string =>
    `<DescribeAutoScalingGroupsResponse xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/"><DescribeAutoScalingGroupsResult>
    <AutoScalingGroups>${groups.join("")}</AutoScalingGroups><NextToken>t-2</NextToken></DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>`;

  it.each([
    [
      "of each kind",
      answer(
        groupOf("zero", "<Instances/>"),
        groupOf("two", `<Instances>${member}${member.replace("i-1", "i-2")}</Instances>`),
        groupOf("none", ""),
        groupOf("one", `<Instances>\n${member}\n</Instances>`),
      ),
    ],
    [
      "with a name that is a reference",
      answer(groupOf("a&amp;b", `<Instances>${member.replace("nodes", "a&amp;b")}</Instances>`)),
    ],
  ])("are what the SDK reads: %s", async (_what, body) => {
    const { autoScaling } = await answering(body);
    const [ours, theirs] = await Promise.all(
      autoScaling.map((client) => client.describeAutoScalingGroups({})),
    );
    expect({ ...ours, $metadata: 0 }).toEqual({ ...theirs, $metadata: 0 });
    expect(theirs?.AutoScalingGroups?.length).toBeGreaterThan(0);
  });

  it("are what the SDK reads of the simulator", async () => {
    const { aws, others, group } = await fleets();
    group("workers", 120);
    const ours = await (await aws.autoScaling(region)).describeAutoScalingGroups({});
    const theirs = await others.autoScaling.describeAutoScalingGroups({});
    expect(ours.AutoScalingGroups).toEqual(theirs.AutoScalingGroups);
    expect(ours.AutoScalingGroups?.[0]?.Instances).toHaveLength(120);
  });
});
