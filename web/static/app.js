// The shopper's page. A shop that sends shoppers here gives them a token in the
// address, after #token=, where it reaches no server and no log.

import { Server } from './server.js';
import { Shopper } from './shopper.js';

const given = new URLSearchParams(location.hash.slice(1)).get('token');
if (given) {
  history.replaceState(null, '', location.pathname + location.search); // not for bookmarks
  sessionStorage.setItem('parley-token', given); // for a reload, until the tab is closed
}
const token = given ?? sessionStorage.getItem('parley-token');
const tokens = token && (() => Promise.resolve(token));
const about = await new Shopper(document, new Server(document.baseURI, tokens)).introduce();
if (!about.notice) document.getElementById('frame').classList.add('untimed'); // timings are for those who try the agent out
if (about.shop) document.title = `Talk to ${about.shop}`;
