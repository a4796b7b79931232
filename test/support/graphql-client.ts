export interface GraphqlFailure {
  message: string;
  path?: (string | number)[];
  extensions: { code: string; field?: string; details?: Record<string, unknown> };
}

export interface GraphqlAnswer<Data> {
  data: Data | null;
  errors?: GraphqlFailure[];
}

/** Speaks to the API as a client does: over HTTP, with a key. */
export class GraphqlClient {
  constructor(
    readonly url: string,
    readonly apiKey: string | null,
  ) {}

  async send<Data>(query: string, variables: Record<string, unknown> = {}): Promise<GraphqlAnswer<Data>> {
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(this.apiKey ? { 'x-api-key': this.apiKey } : {}) },
      body: JSON.stringify({ query, variables }),
    });
    return (await response.json()) as GraphqlAnswer<Data>;
  }

  /** The data; throws what the API refused with. */
  async query<Data>(query: string, variables: Record<string, unknown> = {}): Promise<Data> {
    const { data, errors } = await this.send<Data>(query, variables);
    if (errors || data === null) throw new Error(`GraphQL refused: ${JSON.stringify(errors)}`);
    return data;
  }

  /** The first error; throws when there is none. */
  async failure(query: string, variables: Record<string, unknown> = {}): Promise<GraphqlFailure> {
    const { errors, data } = await this.send<unknown>(query, variables);
    if (!errors?.[0]) throw new Error(`Expected a failure, got ${JSON.stringify(data)}`);
    return errors[0];
  }
}
