// A WHIP client, as it is published, in a browser; the page's test drives it.

import { WHIPClient } from '@eyevinn/whip-web-client';

window.ingest = async (endpoint) => {
  const client = new WHIPClient({ endpoint, opts: { iceServers: [] } });
  window.client = client;
  await client.ingest(await navigator.mediaDevices.getUserMedia({ audio: true }));
};
