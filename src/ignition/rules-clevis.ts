import { parseGoUrl } from "./go-url.ts";
import { type Rule } from "./rules-common.ts";
import { below, isTrue, text } from "./value.ts";

const pins = ["tpm2", "tang", "sss"];

const clevisCustom: Rule = (struct, path, find, minor) => {
  const pin = text(struct, "pin");
  const config = text(struct, "config");
  if (pin === "" && config === "" && !isTrue(struct, "needsNetwork")) return;
  if (pin === "") find.error(below(path, "pin"), "missing required custom clevis pin");
  else if (minor < 6 && !pins.includes(pin)) find.error(below(path, "pin"), "unsupported clevis pin");
  find.error(below(path, "config"), config === "" ? "missing required custom clevis config" : undefined);
};

/** The same in spec 3.2, where a missing pin is an unknown one. */
const custom: Rule = (struct, path, find) => {
  const pin = text(struct, "pin");
  const config = text(struct, "config");
  if (pin === "" && config === "") return;
  find.error(below(path, "pin"), pins.includes(pin) ? undefined : "unsupported clevis pin");
  find.error(below(path, "config"), config === "" ? "missing required custom clevis config" : undefined);
};

const tang: Rule = (struct, path, find) => {
  const url = parseGoUrl(text(struct, "url"));
  const problem =
    url === undefined
      ? "unable to parse url"
      : url.scheme === "http" || url.scheme === "https"
        ? undefined
        : "invalid url scheme";
  find.error(below(path, "url"), problem);
  find.error(
    below(path, "thumbprint"),
    text(struct, "thumbprint") === "" ? "thumbprint is required" : undefined,
  );
  const bad = !isJson(text(struct, "advertisement"));
  find.error(below(path, "advertisement"), bad ? "advertisement is not valid JSON" : undefined);
};

function isJson(advertisement: string): boolean {
  if (advertisement === "") return true;
  try {
    JSON.parse(advertisement);
    return true;
  } catch {
    return false;
  }
}

/** Rules about keys that a network or a chip gives. */
export const clevisRules: Readonly<Record<string, Rule>> = {
  ClevisCustom: clevisCustom,
  Custom: custom,
  Tang: tang,
};
