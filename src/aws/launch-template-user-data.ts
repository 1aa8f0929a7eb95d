import { gzipSync } from "node:zlib";
import { IgneousError } from "../core/errors.ts";

/** EC2's limit, counted before base64. */
const userDataLimit = 16_384;

/** Launch Ignition as user data: as it is when it fits, else gzip. Equal configs give equal bytes. */
export function encodeUserData(config: string): string {
  const plain = Buffer.from(config);
  if (plain.length <= userDataLimit) return plain.toString("base64");
  const packed = gzipSync(plain, { level: 9 });
  if (packed.length <= userDataLimit) return packed.toString("base64");
  throw new IgneousError(
    "input-invalid",
    `the launch config is ${plain.length} bytes, ${packed.length} with gzip; EC2 takes ${userDataLimit}`,
    {
      hint: "put the config into S3 and let butane.launch hold only ignition.config.replace with its source and hash",
    },
  );
}
