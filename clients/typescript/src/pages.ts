/** Lists come in pages; these walk them. */

/** One page of any list of the API. */
export interface PageOf<T> {
  items: T[];
  next_page_token?: string | null;
}

/** Every page of a list, one request each, as far as the caller goes on asking. */
export async function* pages<T>(
  load: (token: string | undefined) => Promise<PageOf<T>>,
): AsyncGenerator<T[], void, undefined> {
  let token: string | undefined;
  do {
    const page = await load(token);
    yield page.items;
    token = page.next_page_token ?? undefined;
  } while (token !== undefined);
}

/** Every row of a list. */
export async function* rows<T>(
  load: (token: string | undefined) => Promise<PageOf<T>>,
): AsyncGenerator<T, void, undefined> {
  for await (const page of pages(load)) yield* page;
}

/** All rows of a list that is known to be short; more than `most` is an error rather than an endless wait. */
export async function all<T>(
  load: (token: string | undefined) => Promise<PageOf<T>>,
  most = 2_000,
): Promise<T[]> {
  const found: T[] = [];
  for await (const page of pages(load)) {
    found.push(...page);
    if (found.length > most) throw new RangeError(`the list has more than ${String(most)} rows`);
  }
  return found;
}
