import { IgneousError } from "../core/errors.ts";
import { sizeOf } from "../host/files.ts";

const places = [
  ["/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"],
  ["/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"],
] as const;

/** UEFI firmware for QEMU, as Debian and Ubuntu install it: the code, and the variables to start from. */
export async function findFirmware(): Promise<{ readonly code: string; readonly variables: string }> {
  for (const [code, variables] of places) {
    if ((await sizeOf(code)) !== undefined && (await sizeOf(variables)) !== undefined)
      return { code, variables };
  }
  throw new IgneousError("tool-missing", "there is no UEFI firmware for QEMU on this machine", {
    hint: "run: apt-get install ovmf",
  });
}
