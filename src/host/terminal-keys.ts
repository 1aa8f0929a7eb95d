/**
 * Takes the keys of the terminal one by one, without echo and without their usual meaning (Ctrl-C is a key as well), until
 * the returned function is called. Node gives the terminal its old settings back at exit, too.
 */
export function takeKeys(onKeys: (bytes: Uint8Array) => void): () => void {
  const { stdin } = process;
  stdin.setRawMode(true);
  stdin.on("data", onKeys);
  stdin.resume();
  return () => {
    stdin.off("data", onKeys);
    stdin.pause();
    stdin.setRawMode(false);
  };
}
