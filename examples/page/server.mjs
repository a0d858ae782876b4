// A shop's own server: it serves a page with the agent on it, and mints a token for the
// shopper who is signed in. Node's standard library is all it takes:
//
//   PARLEY_KEY=… node examples/page/server.mjs
//
// The key comes from `parley keys create`, and the config of the agent lists this page's
// origin: `access: {origins: ["http://127.0.0.1:3000"]}`.
//
//   PARLEY_URL  the agent, http://127.0.0.1:8080
//   PORT        this server's port, 3000
//   FOLDER      what it serves, the folder of this file

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';

const agent = process.env.PARLEY_URL ?? 'http://127.0.0.1:8080';
const folder = process.env.FOLDER ?? import.meta.dirname;
const key = process.env.PARLEY_KEY;
if (!key) throw new Error('PARLEY_KEY is not set; `parley keys create` makes one.');

const kinds = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8' };
const policy = `default-src 'none'; script-src 'self' ${agent}; connect-src 'self' ${agent}`;

// signedIn would look at the session's cookie. This shop has one customer.
const signedIn = () => ({ customer: 'demo', name: 'Maya', viewing: 'the shop’s front page' });

async function token(request, response) {
  const origin = `http://${request.headers.host}`;
  const minted = await fetch(`${agent}/v1/tokens`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ ...signedIn(request), origin }),
  });
  if (!minted.ok) console.error('no token:', minted.status, await minted.clone().text());
  response.writeHead(minted.ok ? 200 : 502, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(minted.ok ? await minted.text() : '{}');
}

async function file(path, response) {
  const name = normalize(path === '/' ? '/index.html' : path);
  const body = kinds[extname(name)] && await readFile(join(folder, name), 'utf8').catch(() => null);
  if (!body) return response.writeHead(404).end();
  response.writeHead(200, { 'Content-Type': kinds[extname(name)], 'Content-Security-Policy': policy });
  return response.end(body.replaceAll('{{agent}}', agent));
}

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://shop');
  const done = request.method === 'POST' && pathname === '/token' ? token(request, response) : file(pathname, response);
  done.catch((err) => {
    console.error(err);
    if (!response.headersSent) response.writeHead(502).end();
  });
});
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
