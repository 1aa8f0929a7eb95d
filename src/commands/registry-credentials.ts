import type { CredentialSource } from "../oci/credentials.ts";

/** What is asked when no credential file knows a registry. The AWS SDK is loaded only when a registry wants a login. */
export const cloudCredentials: CredentialSource = async (context, registry) => {
  const { ecrCredentials } = await import("../aws/ecr.ts");
  return ecrCredentials(context, registry);
};
