/** A running Fluxrate, and a key to it. */
export interface Server {
  url: string;
  apiKey: string;
}

/** Asks GraphQL; throws what the API refused with. */
export async function graphql<Data>(server: Server, query: string, variables: Record<string, unknown> = {}): Promise<Data> {
  const answer = await post<{ data: Data | null; errors?: { message: string }[] }>(server, '/graphql', { query, variables });
  if (answer.errors || answer.data === null) throw new Error(answer.errors?.[0]?.message ?? 'GraphQL gave no data.');
  return answer.data;
}

export async function post<Answer>({ url, apiKey }: Server, path: string, body: unknown): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': apiKey },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text}`);
  return JSON.parse(text) as Answer;
}

/** Does `work` for every item, a few at a time. */
export async function forEachOf<Item>(
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<unknown>,
): Promise<void> {
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) await work(item, index);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}
