import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { findAll, read, section } from '../support/documents.js';

/** One command of the walk-through: GraphQL given to `gql`, an event batch given to curl, or an id kept in a variable. */
const COMMAND =
  /^gql <<'?GRAPHQL'?\n(?<graphql>[\s\S]*?)\nGRAPHQL$|^curl [^\n]*:3000(?<path>\/\S+)[^\n]* -d '(?<body>[\s\S]*?)'$|^(?<variable>[A-Z]+)=\$ID$/gm;

describe('the walk-through of the README', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
  });
  afterAll(() => app.close());

  it('answers, command by command, what it says', async () => {
    const text = section(read('README.md'), 'Walk-through');
    const variables = new Map<string, string>();
    const answers: string[] = [];
    for (const command of findAll(text, /```sh\n([\s\S]*?)```/g)
      .join('\n')
      .matchAll(COMMAND)) {
      const { graphql, path, body, variable } = command.groups as Record<string, string | undefined>;
      if (variable !== undefined) variables.set(variable, /.*"id":"([^"]*)"/.exec(answers.at(-1) ?? '')?.[1] ?? '');
      else if (path !== undefined) answers.push(JSON.stringify((await app.rest('POST', path, body)).body));
      else {
        const query = (graphql ?? '').replaceAll(/\$([A-Z]+)/g, (_, name: string) => variables.get(name) ?? '');
        answers.push(JSON.stringify(await app.api.send(query)));
      }
    }
    const shown = findAll(text, /```text\n([\s\S]*?)```/g).flatMap((block) => block.trim().split('\n'));
    expect(shown).toHaveLength(13);
    // Ids are shown shortened.
    expect(answers.map((answer) => answer.replaceAll(/"[0-9a-f]{4}[0-9a-f-]{32}"/g, '"01a2…"'))).toEqual(shown);
  });
});
