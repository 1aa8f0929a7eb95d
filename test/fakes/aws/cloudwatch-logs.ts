import { AwsError, type Handlers } from "./service.ts";

/** CloudWatch Logs of an account in which nothing has written a log yet; moto has the rest. */
export function logHandlers(): Handlers {
  return {
    GetLogEvents: () => {
      throw new AwsError("ResourceNotFoundException", "The specified log group does not exist.");
    },
  };
}
