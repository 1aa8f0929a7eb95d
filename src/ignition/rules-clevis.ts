import { parseGoUrl } from "./go-url.ts";
import { type Rule } from "./rules-common.ts";
import { isTrue, text } from "./value.ts";

const pins = ["tpm2", "tang", "sss"];

const clevisCustom: Rule = (struct, path, find, minor) => {
  const pin = text(struct, "pin");
  const config = text(struct, "config");
  if (pin === "" && config === "" && !isTrue(struct, "needsNetwork")) return;
  if (pin === "") find.error(path, "missing required custom clevis pin", "pin");
  else if (minor < 6 && !pins.includes(pin)) find.error(path, "unsupported clevis pin", "pin");
  find.error(path, config === "" ? "missing required custom clevis config" : undefined, "config");
};

/** The same in spec 3.2, where a missing pin is an unknown one. */
const custom: Rule = (struct, path, find) => {
  const pin = text(struct, "pin");
  const config = text(struct, "config");
  if (pin === "" && config === "") return;
  find.error(path, pins.includes(pin) ? undefined : "unsupported clevis pin", "pin");
  find.error(path, config === "" ? "missing required custom clevis config" : undefined, "config");
};

const tang: Rule = (struct, path, find) => {
  const url = parseGoUrl(text(struct, "url"));
  const problem =
    url === undefined
      ? "unable to parse url"
      : url.scheme === "http" || url.scheme === "https"
        ? undefined
        : "invalid url scheme";
  find.error(path, problem, "url");
  find.error(path, text(struct, "thumbprint") === "" ? "thumbprint is required" : undefined, "thumbprint");
  const bad = !isJson(text(struct, "advertisement"));
  find.error(path, bad ? "advertisement is not valid JSON" : undefined, "advertisement");
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
