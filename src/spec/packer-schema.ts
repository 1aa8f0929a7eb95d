import { z } from "zod";

/** Section `packer:` of the spec. Where AMIs go and who may use them is in `publish:`, for every builder alike. */

type HclInput = string | number | boolean | HclInput[] | { [name: string]: HclInput };

const hcl: z.ZodType<HclInput> = z.lazy(() =>
  z.union([z.string(), z.number(), z.boolean(), z.array(hcl), z.record(z.string(), hcl)]),
);

const provisioner = z
  .object({
    type: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]*$/u, "wanted the name of a Packer provisioner, such as shell")
      .describe("shell, file, ansible, …"),
    when: z
      .enum(["before-apply", "after-apply"])
      .exactOptional()
      .describe("after-apply (when not given): the new deployment's folder is in /run/igneous/deployment"),
  })
  .catchall(hcl);

const amazon = z.strictObject({
  region: z.string().exactOptional().describe("the first of publish.regions when not given"),
  base: z.union([
    z.strictObject({
      ami: z.string().regex(/^ami-[0-9a-f]{8,17}$/u, "wanted the id of an AMI"),
    }),
    z.strictObject({
      name: z
        .string()
        .min(1)
        .describe("the newest AMI with such a name, which the lock keeps; * stands for anything"),
      owners: z.array(z.string()).min(1),
    }),
  ]),
  instanceType: z.string().exactOptional(),
  instanceProfile: z.string().exactOptional(),
  spotPrice: z.string().exactOptional().describe("a price, or auto with spotInstanceTypes"),
  spotInstanceTypes: z.array(z.string()).min(1).exactOptional(),
  subnet: z.string().exactOptional(),
  securityGroups: z.array(z.string()).min(1).exactOptional(),
  volumeSize: z.number().int().min(1).exactOptional().describe("GiB"),
  access: z
    .enum(["ignition", "key-pair"])
    .default("ignition")
    .describe(
      "ignition: a key by user data; key-pair: a temporary key pair, for bases that take it (Fedora CoreOS)",
    ),
  sshUser: z.string().exactOptional().describe("root with access ignition, else core"),
  sshInterface: z
    .enum(["public_ip", "private_ip", "public_dns", "private_dns", "session_manager"])
    .exactOptional(),
  sshHost: z.string().exactOptional().describe("instead of the instance's address"),
  sshPort: z.number().int().min(1).max(65_535).exactOptional(),
  sshTimeout: z
    .string()
    .regex(/^\d+[smh]$/u, "wanted a time such as 10m")
    .exactOptional(),
});

export const Packer = z.strictObject({
  provisioners: z.array(provisioner).exactOptional().describe("your own, besides apply and seal"),
  amazon: amazon.exactOptional().describe("makes AMIs from an instance of a base AMI"),
});

export type Packer = z.infer<typeof Packer>;
