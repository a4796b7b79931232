import { Agent, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApp, TEST_KEY, type TestApp } from '../support/test-app.js';

describe('shutdown', () => {
  let app: TestApp;
  let agent: Agent;
  beforeAll(async () => {
    app = await startTestApp();
    agent = new Agent({ keepAlive: true });
  });
  afterAll(() => agent.destroy());

  it('answers what is in flight, and does not wait for the connection to time out', async () => {
    const began = performance.now();
    let closed: Promise<void> = Promise.resolve();
    const answer = await postSlowly(`${app.url}/graphql`, '{"query":"{ meters { totalCount } }"}', () => (closed = app.close()));
    expect(JSON.parse(answer)).toEqual({ data: { meters: { totalCount: 0 } } });
    await closed;
    // Waiting for the kept connection would take 10 s, the limit of the framework.
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  /** Sends the head of a request, calls `meanwhile` when the server has it, and then sends the body. */
  function postSlowly(url: string, body: string, meanwhile: () => unknown): Promise<string> {
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'x-api-key': TEST_KEY, expect: '100-continue' };
      const sent = request(url, { agent, method: 'POST', headers }, (response) => {
        response.setEncoding('utf8');
        let text = '';
        response.on('data', (part: string) => (text += part));
        response.on('end', () => resolve(text));
      });
      sent.on('error', reject);
      sent.on('continue', () => {
        meanwhile();
        setTimeout(() => sent.end(body), 200);
      });
      sent.flushHeaders();
    });
  }
});
