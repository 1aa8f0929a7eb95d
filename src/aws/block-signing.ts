interface Call {
  readonly input: { readonly Checksum?: string | undefined };
  readonly request: { readonly headers: Record<string, string> };
}

type Next = (call: Call) => Promise<never>;

/**
 * SDK middleware that signs a block with the digest that is known of it already, instead of hashing it once more. EBS
 * refuses a body with another digest. https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
 */
export function signKnownDigest(next: Next, { commandName }: { readonly commandName?: string }): Next {
  if (commandName !== "PutSnapshotBlockCommand") return next;
  return (call) => {
    const digest = Buffer.from(call.input.Checksum ?? "", "base64").toString("hex");
    if (digest !== "") call.request.headers["x-amz-content-sha256"] = digest;
    return next(call);
  };
}
