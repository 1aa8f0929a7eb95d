import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { blockDigest, blockSize } from "../../src/aws/block-map.ts";
import { signBlockPut } from "../../src/aws/block-signing.ts";
import { requirePythonTool } from "../fakes/aws/python.ts";
import { block } from "./disks.ts";
import { home, setting } from "./publishing.ts";

/** Signs what it is given on argv as AWS's own Python SDK does. */
const botocore = `
import datetime, json, sys
from botocore import auth, awsrequest, credentials
given = json.loads(sys.argv[1])
now = datetime.datetime.strptime(given["headers"]["x-amz-date"], "%Y%m%dT%H%M%SZ")
auth.datetime = type("Frozen", (), {"datetime": type("Clock", (), {"utcnow": staticmethod(lambda: now)})})
if hasattr(auth, "get_current_datetime"):
    auth.get_current_datetime = lambda *a, **k: now
class Signer(auth.SigV4Auth):
    def payload(self, request):
        return given["digest"]
request = awsrequest.AWSRequest(method="PUT", url="https://" + given["host"] + given["path"], headers=given["headers"])
Signer(credentials.Credentials(*given["keys"]), "ebs", given["region"]).add_auth(request)
print(request.headers["Authorization"])
`;

describe("blocks that are signed with their known digest", () => {
  it.each([
    ["keys of a user", undefined],
    ["keys of a session", "a-session-token"],
  ])("have the signature that botocore makes of %s", async (_, sessionToken) => {
    const bodySha256 = blockDigest(block("a")).toString("hex");
    const place = { host: `ebs.${home}.amazonaws.com`, path: "/snapshots/snap-0a1b/blocks/17" };
    const signed = signBlockPut({
      ...place,
      region: home,
      credentials: { accessKeyId: "AKIAFAKE", secretAccessKey: "secret/with+signs", sessionToken },
      headers: { "content-type": "application/octet-stream", "x-amz-data-length": String(blockSize) },
      bodySha256,
      now: new Date("2026-11-22T12:34:56.789Z"),
    });
    const { authorization, host: _host, ...headers } = signed;
    const keys = ["AKIAFAKE", "secret/with+signs", ...(sessionToken === undefined ? [] : [sessionToken])];
    const given = JSON.stringify({ ...place, region: home, headers, keys, digest: bodySha256 });
    const { stdout } = await promisify(execFile)(requirePythonTool("python3"), ["-c", botocore, given]);
    expect(authorization).toBe(stdout.trim());
  });

  it("arrive with what the model wants, and a refusal comes with the SDK's error", async () => {
    const { sim, aws } = await setting();
    const ebs = await aws.ebs(home);
    const { SnapshotId } = await ebs.startSnapshot({ VolumeSize: 1 });
    const put = (BlockIndex: number, content: Buffer, digest = blockDigest(content)) =>
      ebs.putSnapshotBlock({
        SnapshotId,
        BlockIndex,
        BlockData: content,
        DataLength: blockSize,
        Checksum: digest.toString("base64"),
        ChecksumAlgorithm: "SHA256",
      });
    await put(0, block("a"));
    const { Checksum } = await put(1, block("b"));
    expect(Checksum).toBe(blockDigest(block("b")).toString("base64"));
    await expect(put(2, block("c"), blockDigest(block("d")))).rejects.toMatchObject({
      message: expect.stringContaining("ebs:PutSnapshotBlock"),
    });
    const inputs = sim.calls.filter(({ operation }) => operation === "PutSnapshotBlock");
    // The refused one is asked twice: once quickly, once for its error.
    expect(inputs.map(({ input }) => input["BlockIndex"])).toEqual([0, 1, 2, 2]);
  });
});
