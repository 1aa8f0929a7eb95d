import { pages } from "./inventory.ts";

/** All items of a paged call of Image Builder, which spells the token in its own way. */
export function allPages<T>(
  call: (token: {
    readonly nextToken?: string;
  }) => Promise<{ readonly items: readonly T[]; readonly next: string | undefined }>,
): Promise<readonly T[]> {
  return pages(({ NextToken }) => call(NextToken === undefined ? {} : { nextToken: NextToken }));
}
