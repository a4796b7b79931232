/**
 * Runs in the browser: GraphiQL with the example operations in tabs. So that they can be run one after the other, what is left
 * empty is filled in: the API key by the last one that was given, an id by the answer that told it.
 */
const { GraphiQL, React, ReactDOM, sessionStorage } = window;

const EMPTY_HEADERS = '{\n  "X-API-Key": ""\n}';
const KEY_HEADER = 'x-api-key';

const examples = await (await fetch('graphiql/examples.json')).json();
const known = JSON.parse(sessionStorage.getItem('known') ?? '{}');

function remember(name, value) {
  known[name] = value;
  sessionStorage.setItem('known', JSON.stringify(known));
}

/** The headers to send; a key that is given is remembered. */
function withKey(given) {
  const headers = Object.fromEntries(Object.entries(given ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  if (headers[KEY_HEADER]) remember(KEY_HEADER, headers[KEY_HEADER]);
  return known[KEY_HEADER] ? { ...headers, [KEY_HEADER]: known[KEY_HEADER] } : headers;
}

const withIds = (variables) =>
  Object.fromEntries(Object.entries(variables ?? {}).map(([name, value]) => [name, value === '' ? (known[name] ?? '') : value]));

const valueAt = (data, path) => path.split('.').reduce((part, name) => part?.[name], data);

async function send({ query, variables, operationName }, { headers } = {}) {
  const response = await fetch('graphql', {
    method: 'POST',
    headers: { ...withKey(headers), 'content-type': 'application/json' },
    body: JSON.stringify({ query, operationName, variables: withIds(variables) }),
  });
  const answer = await response.json();
  for (const { remembers } of examples)
    for (const [name, path] of Object.entries(remembers ?? {})) {
      const value = valueAt(answer.data, path);
      if (typeof value === 'string') remember(name, value);
    }
  return answer;
}

ReactDOM.createRoot(document.getElementById('graphiql')).render(
  React.createElement(GraphiQL, {
    fetcher: send,
    defaultHeaders: EMPTY_HEADERS,
    defaultTabs: examples.map(({ query, variables }) => ({
      query,
      variables: variables ? JSON.stringify(variables, null, 2) : '',
      headers: EMPTY_HEADERS,
    })),
    defaultEditorToolsVisibility: 'headers',
  }),
);
