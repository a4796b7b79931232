import { describe, expect, it } from '@jest/globals';
import { html } from './html.js';

describe('html', () => {
  it('escapes what is put in, in text and in attributes', () => {
    const evil = `<img src=x onerror="alert('1')"> & more`;
    expect(html`<p title="${evil}">${evil}</p>`.text).toBe(
      '<p title="&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt; &amp; more">&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt; &amp; more</p>',
    );
  });

  it('takes HTML, lists and nothing', () => {
    const items = ['a', '<b>'].map((item) => html`<li>${item}</li>`);
    const list = html`<b>${items}</b>`;
    expect([list.text, html`${null}${list}`.text]).toEqual(Array(2).fill('<b><li>a</li><li>&lt;b&gt;</li></b>'));
  });
});
