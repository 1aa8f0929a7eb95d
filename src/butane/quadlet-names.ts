/** The template that a quadlet's name is an instance of: `web@1.container` → `web@.container`. */
export function templateOfInstance(name: string): string | undefined {
  const at = name.indexOf("@");
  const dot = name.lastIndexOf(".");
  if (at < 0 || dot < 0 || at + 1 === dot) return undefined;
  return `${name.slice(0, at)}@.${name.slice(dot + 1)}`;
}
