import { checkValue } from "./check.ts";
import type { Decoded } from "./decode-values.ts";
import type { Effect } from "./faults.ts";
import { type Model, shapeOf } from "./model.ts";
import { AwsError, type Call, type Handlers } from "./service.ts";

/** Error codes that every service may answer without declaring them. */
const common =
  /^(AccessDenied(Exception)?|ExpiredToken(Exception)?|InvalidAction|InvalidSignatureException|InternalFailure|InternalError|RequestExpired|RequestLimitExceeded|ServiceUnavailable|Throttling(Exception)?|UnauthorizedOperation|UnrecognizedClientException|Validation(Error|Exception))$/u;

interface Outcome {
  readonly output: Readonly<Record<string, unknown>>;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly status: number;
    readonly reason?: string;
  };
  readonly violations: readonly string[];
}

/** Carries a call out, or answers the injected error; and says where request and answer differ from the model. */
export function perform(
  model: Model,
  { operation, input, unknown }: Decoded,
  handlers: Handlers,
  call: Call,
  effect: Effect | undefined,
): Outcome {
  const inRequest = [
    ...unknown.map((name) => `request: unknown parameter ${name}`),
    ...(operation.input === undefined
      ? []
      : checkValue(model, operation.input.shape, input).map((text) => `request: ${text}`)),
  ];
  try {
    if (effect?.kind === "error") {
      const options = effect.status === undefined ? {} : { status: effect.status };
      throw new AwsError(effect.code, effect.message ?? "injected by the test", options);
    }
    const handler = handlers[operation.name];
    if (handler === undefined) throw new Error(`no handler for ${operation.name}`);
    const output = handler(input as never, call) as Readonly<Record<string, unknown>>;
    const inAnswer =
      operation.output === undefined
        ? []
        : checkValue(model, operation.output.shape, output).map((text) => `answer: ${text}`);
    return { output, violations: [...inRequest, ...inAnswer] };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const declared = (operation.errors ?? []).map(({ shape }) => ({ shape, ...shapeOf(model, shape) }));
    const own = declared.find((entry) => (entry.error?.code ?? entry.shape) === error.code);
    const known = own !== undefined || declared.length === 0 || common.test(error.code);
    const status = error.status ?? own?.error?.httpStatusCode ?? 400;
    return {
      output: {},
      error: {
        code: error.code,
        message: error.message,
        status,
        ...(error.reason === undefined ? {} : { reason: error.reason }),
      },
      violations: [...inRequest, ...(known ? [] : [`answer: error ${error.code} is not declared`])],
    };
  }
}
