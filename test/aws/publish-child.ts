import { openAws } from "../../src/aws/session.ts";
import { publishBuild } from "../../src/aws/publish-build.ts";
import { hostContext } from "../../src/host/context.ts";

/** `publish-child.ts BUILD`: one publish in a process of its own, to be killed, that shares the simulator's time. */
const endpoint = process.env["AWS_ENDPOINT_URL"] ?? "";
let now = Number(process.env["FAKE_NOW"]);
const clock = {
  now: () => now,
  sleep: async (ms: number): Promise<void> => {
    const answer = await fetch(`${endpoint}/_fake/sleep?ms=${ms}`);
    now = Number(await answer.text());
  },
};
const context = hostContext(() => undefined, new AbortController().signal);
const result = await publishBuild(context, openAws(context, { clock }), JSON.parse(process.argv[2] ?? ""));
process.stdout.write(JSON.stringify(result));
