import { IgneousError } from "../core/errors.ts";
import type { Project } from "./project.ts";
import { located } from "./project.ts";

/** The same failure with the places of the spec that ask for what failed, and another cure when there is one. */
export function atSpec(
  { loaded }: Pick<Project, "loaded">,
  error: IgneousError,
  places: readonly { readonly path: string; readonly message: string }[],
  hint = error.hint,
): IgneousError {
  const diagnostics = located(
    loaded,
    places.map((place) => ({ severity: "error", ...place })),
  );
  return new IgneousError(error.code, error.message, {
    cause: error,
    report: { file: loaded.file, source: loaded.source, diagnostics },
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Runs what resolves an image; one that is not there is told with the line of the spec that asks for it. */
export async function namingImage<T>(
  project: Project,
  reference: string,
  body: () => Promise<T>,
): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof IgneousError) || !isOfReference(error)) throw error;
    const path = imagePath(project, reference);
    const hint =
      path === "kubernetes.version" && reference.startsWith("oci:") && error.code === "image-not-found"
        ? `set kubernetes.version to one that the layouts below ${project.loaded.spec.kubernetes.imageRepository.slice("oci:".length)} have, or build that version's images there`
        : error.hint;
    throw atSpec(project, error, [{ path, message: `asks for ${reference}` }], hint);
  }
}

function isOfReference({ code }: IgneousError): boolean {
  return ["image-not-found", "platform-not-found", "reference-invalid", "registry-denied"].includes(code);
}

/** Where the spec says an image: by itself, or by the version that the catalogue's images follow from. */
function imagePath({ loaded, containers, preload }: Project, reference: string): string {
  const { spec } = loaded;
  const own = Object.entries(spec.containers).find(([, { image }]) => image === reference)?.[0];
  if (own !== undefined) return `containers.${own}.image`;
  if (spec.geth.image === reference) return "geth.image";
  const index = spec.preload.findIndex(
    (item) => (typeof item === "string" ? item : item.image) === reference,
  );
  if (index !== -1) return `preload[${index}]`;
  const name = containers.find(({ image }) => image === reference)?.name;
  if (name === "geth") return "geth";
  return name !== undefined || preload.some(({ image }) => image === reference) ? "kubernetes.version" : "";
}

/** Tells packages that no archive has at their lines of the spec. */
export async function namingPackages<T>(project: Project, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof IgneousError) || error.code !== "base-package-unknown") throw error;
    const { packages } = project.loaded.spec.base.debian;
    const places = packages.flatMap((name, index) =>
      error.message.includes(`'${name}'`)
        ? [{ path: `base.debian.packages[${index}]`, message: `the archive has no package '${name}'` }]
        : [],
    );
    throw atSpec(project, error, places);
  }
}
