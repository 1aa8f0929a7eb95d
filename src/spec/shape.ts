import type { Json } from "../core/json.ts";
import type { Spec } from "./schema.ts";

/** What shapes the image: how registries are reached and where the image goes do not. */
export function shapeOf(spec: Spec): Json {
  const {
    registries: _registries,
    publish: _publish,
    rollout: _rollout,
    imageBuilder: _imageBuilder,
    packer,
    bootTest: { roles = ["control-plane", "worker"], ...bootTest },
    ...shaping
  } = spec;
  const own = packer?.provisioners === undefined ? {} : { provisioners: packer.provisioners };
  // Roles as they were once written into every spec without any, so that no lock goes stale.
  return { ...shaping, bootTest: { ...bootTest, roles }, ...own } as Json;
}
